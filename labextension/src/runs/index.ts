/** The plugins of this area: the runs of each notebook, and the commands to begin, stop and show them. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Client } from '../client';
import {
  type INotebookPipeline,
  IPipelines,
  type IRuns,
  IRunsFactory
} from '../tokens';
import { CommandIDs } from './commandIds';
import { addRunCommands } from './commands';
import { addOpenCommands, addTargetCommands } from './openCommands';
import { Targets } from './targets';

/** What makes runs, loaded on request; the places where they can run are known from the start. */
class RunsFactory implements IRunsFactory {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _translator: ITranslator
  ) {
    const { serverSettings } = _app.serviceManager;
    this._client = new Client(serverSettings);
    this.targets = new Targets(this._client);
  }

  readonly targets: Targets;

  async load(): Promise<(pipeline: INotebookPipeline) => IRuns> {
    const { RunsMaker } = await import('./making');
    const maker = new RunsMaker({
      app: this._app,
      client: this._client,
      targets: this.targets,
      trans: this._translator.load('nb2pipe')
    });
    return pipeline => maker.create(pipeline);
  }

  private readonly _client: Client;
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
