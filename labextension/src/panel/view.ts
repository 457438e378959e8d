/** What every view of the panel is given. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { INb2pipeSettings } from '../settingsPlugin';
import type { INotebookPipeline, IPipelines } from '../tokens';
import type { Server } from './server';
import type { PanelState } from './state';

/** What the panel needs of JupyterLab and of the other parts. */
export interface IServices {
  readonly pipelines: IPipelines;
  readonly state: PanelState;
  readonly server: Server;
  readonly settings: INb2pipeSettings;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  readonly rendermime: IRenderMimeRegistry | null;
}

/** A view of one notebook's pipeline. */
export interface IViewProps {
  readonly pipeline: INotebookPipeline;
  readonly services: IServices;
}

/** The names of the panel's commands, and of those of other parts that it offers. */
export const CommandIDs = {
  toggle: 'nb2pipe:toggle-panel',
  openMain: 'nb2pipe:open-main',
  analyse: 'nb2pipe:analyse',
  explainEdge: 'nb2pipe:explain-edge',
  exportGraph: 'nb2pipe:export-graph',
  showProblems: 'nb2pipe:show-problems',
  showTab: 'nb2pipe:show-tab',
  suggest: 'nb2pipe:suggest-steps'
} as const;
