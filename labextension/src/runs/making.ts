/** JupyterLab in, what makes the runs of open notebooks out: loaded with the first notebook. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Event } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Client } from '../client';
import type { INotebookPipeline } from '../tokens';
import { Turns } from './live';
import { markRunningCells } from './marker';
import { Runs } from './model';
import type { Targets } from './targets';

/** What the server sends over JupyterLab's own event connection when a run began, ended or was removed. */
const RUN_CHANGED = 'urn:nb2pipe:run-changed';

/** What all runs share. */
export interface IShared {
  app: JupyterFrontEnd;
  client: Client;
  targets: Targets;
  trans: TranslationBundle;
}

/** Makes the runs of open notebooks, and passes on what other tabs and the command line do. */
export class RunsMaker {
  constructor(private readonly _shared: IShared) {
    const { events } = _shared.app.serviceManager;
    events.stream.connect(this._onEvent, this);
  }

  create(pipeline: INotebookPipeline): Runs {
    const { app, client, targets, trans } = this._shared;
    const runs = new Runs({
      pipeline,
      client,
      commands: app.commands,
      targets,
      turns: this._turns,
      trans
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

  private readonly _turns = new Turns(document);
  private readonly _all = new Set<Runs>();
}
