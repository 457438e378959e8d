/** The plugins of this area: the runs of each notebook, and the commands to begin, stop and show them. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Event } from '@jupyterlab/services';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Client } from '../client';
import { type INotebookPipeline, IPipelines, IRunsFactory } from '../tokens';
import { CommandIDs } from './commandIds';
import { addRunCommands } from './commands';
import { Turns } from './live';
import { markRunningCells } from './marker';
import { Runs } from './model';
import { addOpenCommands, addTargetCommands } from './openCommands';
import { Targets } from './targets';

/** What the server sends over JupyterLab's own event connection when a run began, ended or was removed. */
const RUN_CHANGED = 'urn:nb2pipe:run-changed';

/** Makes the runs of open notebooks, and passes on what other tabs and the command line do. */
class RunsFactory implements IRunsFactory {
  constructor(
    private readonly _app: JupyterFrontEnd,
    translator: ITranslator
  ) {
    const { serviceManager } = _app;
    this._trans = translator.load('nb2pipe');
    this._client = new Client(serviceManager.serverSettings);
    this.targets = new Targets(this._client);
    serviceManager.events.stream.connect(this._onEvent, this);
  }

  readonly targets: Targets;

  create(pipeline: INotebookPipeline): Runs {
    const runs = new Runs({
      pipeline,
      client: this._client,
      commands: this._app.commands,
      targets: this.targets,
      turns: this._turns,
      trans: this._trans
    });
    this._all.add(runs);
    runs.disposed.connect(() => this._all.delete(runs));
    markRunningCells(runs);
    return runs;
  }

  private _onEvent(_: unknown, event: Event.Emission): void {
    if (event.schema_id !== RUN_CHANGED) {
      return;
    }
    for (const runs of this._all) {
      if (runs.pipeline.path === event['path']) {
        void runs.refresh();
      }
    }
  }

  private readonly _trans;
  private readonly _client: Client;
  private readonly _turns = new Turns(document);
  private readonly _all = new Set<Runs>();
}

/** The runs of notebooks. */
export const runsPlugin: JupyterFrontEndPlugin<IRunsFactory> = {
  id: 'nb2pipe-lab:runs',
  description: 'The runs of the notebooks that are open.',
  autoStart: true,
  optional: [ITranslator],
  provides: IRunsFactory,
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null
  ): IRunsFactory => new RunsFactory(app, translator ?? nullTranslator)
};

/** The commands. */
export const runCommandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'nb2pipe-lab:run-commands',
  description: 'Commands to run pipelines, and to see what came out.',
  autoStart: true,
  requires: [IPipelines, IRunsFactory, IRenderMimeRegistry],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    factory: IRunsFactory,
    rendermime: IRenderMimeRegistry,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('nb2pipe');
    const options = { app, pipelines, trans };
    addRunCommands(options);
    addOpenCommands(options, rendermime);
    if (factory instanceof RunsFactory) {
      addTargetCommands(options, factory.targets);
    }
    const category = trans.__('Pipeline');
    palette?.addItem({
      command: CommandIDs.run,
      category,
      args: { all: true }
    });
    for (const command of IN_PALETTE) {
      palette?.addItem({ command, category });
    }
    pipelines.currentChanged.connect(() => app.commands.notifyCommandChanged());
  }
};

const IN_PALETTE = [
  CommandIDs.run,
  CommandIDs.runSelected,
  CommandIDs.runFromHere,
  CommandIDs.runStepOnly,
  CommandIDs.stop,
  CommandIDs.resume,
  CommandIDs.verify,
  CommandIDs.compile,
  CommandIDs.showRuns,
  CommandIDs.openOutput,
  CommandIDs.debug,
  CommandIDs.targets
];
