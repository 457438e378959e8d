/** The plugin that knows the pipelines of open notebooks. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Client } from '../client';
import { INb2pipeSettings } from '../settingsPlugin';
import { IPipelines, IRunsFactory } from '../tokens';
import { Pipelines } from './pipelines';

/** Analysis, kept up to date for those who watch. */
export const modelPlugin: JupyterFrontEndPlugin<IPipelines> = {
  id: 'nb2pipe-lab:pipelines',
  description: 'The pipelines of the notebooks that are open.',
  autoStart: true,
  requires: [INotebookTracker, INb2pipeSettings, IRunsFactory],
  optional: [IStateDB, ITranslator],
  provides: IPipelines,
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    settings: INb2pipeSettings,
    runs: IRunsFactory,
    state: IStateDB | null,
    translator: ITranslator | null
  ): IPipelines => {
    const client = new Client(app.serviceManager.serverSettings);
    const trans = (translator ?? nullTranslator).load('nb2pipe');
    return new Pipelines(tracker, async () => {
      const [createRuns, { NotebookPipeline }, { revealCell }] =
        await Promise.all([
          runs.load(),
          import('./pipeline'),
          import('./reveal')
        ]);
      return panel =>
        new NotebookPipeline({
          panel,
          client,
          settings,
          state,
          trans,
          createRuns,
          reveal: (shown, cell, line) =>
            revealCell(app.shell, shown, cell, line)
        });
    });
  }
};
