/** The plugin that shows steps in notebooks and lets people tag cells. What it does is loaded with the first notebook. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { INb2pipeSettings } from '../settingsPlugin';
import { IPipelines } from '../tokens';
import type { Area } from './area';
import { addCommands, CommandIDs } from './commands';

/** Headers, bars, marks, the popover, and the commands. It works without the panel, the palette and settings. */
export const taggingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nb2pipe-lab:tagging',
  description: 'Steps shown above cells, and commands to tag cells.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IPipelines, INb2pipeSettings, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    pipelines: IPipelines | null,
    settings: INb2pipeSettings | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const { commands, serviceManager } = app;
    const trans = (translator ?? nullTranslator).load('nb2pipe');
    let area: Promise<Area> | null = null;
    let isShown = true;

    const loadArea = async (): Promise<Area> => {
      const [{ Area }, { Client }] = await Promise.all([
        import('./area'),
        import('../client'),
        pipelines?.ready
      ]);
      const client = new Client(serviceManager.serverSettings);
      return new Area({
        tracker,
        pipelines,
        commands,
        client,
        trans,
        isShown
      });
    };
    const loaded = (): Promise<Area> => (area ??= loadArea());
    const show = (value: boolean): void => {
      isShown = value;
      area?.then(found => (found.isShown = value)).catch(console.error);
    };

    const onNotebook = (): void => {
      loaded().catch(console.error);
    };
    if (tracker.size) {
      onNotebook();
    }
    tracker.widgetAdded.connect(onNotebook);
    const onSettings = (): void => {
      show(settings?.current.showHeaders ?? true);
      commands.notifyCommandChanged(CommandIDs.headers);
    };
    const isWritable = (): boolean =>
      tracker.currentWidget?.content.model?.readOnly === false;
    addCommands({
      commands,
      trans,
      headers: {
        get isShown() {
          return isShown;
        },
        set isShown(value) {
          show(value);
        }
      },
      hasNotebook: isWritable,
      hasCell: () => isWritable() && tracker.activeCell?.model.type === 'code',
      act: async (id, args) => (await loaded()).act(id, args)
    });
    settings?.changed.connect(onSettings);
    onSettings();
    for (const command of Object.values(CommandIDs)) {
      palette?.addItem({ command, category: trans.__('Pipeline') });
    }
  }
};
