/** A step of a run in; a live notebook out that has its inputs loaded, with the cursor where the error was. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import {
  type Notebook,
  NotebookActions,
  NotebookPanel
} from '@jupyterlab/notebook';

import type { Runs } from './model';
import { remember } from './origins';

/** Write the notebook beside the user's, open it, load the inputs in its kernel, and go to the cell to look at. */
export async function openWithInputs(
  app: JupyterFrontEnd,
  runs: Runs,
  run: string,
  step: string
): Promise<NotebookPanel | null> {
  const opened = await runs.client.debug(run, step, runs.pipeline.path);
  const panel: unknown = await app.commands.execute('docmanager:open', {
    path: opened.path,
    factory: 'Notebook'
  });
  if (!(panel instanceof NotebookPanel)) {
    return null;
  }
  await Promise.all([panel.context.ready, panel.sessionContext.ready]);
  await panel.revealed;
  app.shell.activateById(panel.id);
  const { content, sessionContext } = panel;
  remember(opened.path, { path: runs.pipeline.path, step });
  await NotebookActions.runCells(content, loading(content), sessionContext);
  goTo(panel, opened.cell, lineOf(runs, run, step));
  return panel;
}

/** The cells that load what the step needs: those above the first of the user's own. */
function loading(content: Notebook): Cell[] {
  const own = content.widgets.findIndex(cell => roleOf(cell) === 'cell');
  const above = own < 0 ? content.widgets : content.widgets.slice(0, own);
  return above.filter(cell => cell.model.type === 'code');
}

function roleOf(cell: Cell): unknown {
  const told: unknown = cell.model.getMetadata('nb2pipe');
  return (told as { role?: unknown } | undefined)?.role;
}

/** The line of the error, from 1. */
function lineOf(runs: Runs, run: string, step: string): number {
  const view = runs.history.find(item => item.run.id === run);
  const found = view?.run.steps.find(item => item.id === step);
  return found?.error?.line ?? 1;
}

function goTo(panel: NotebookPanel, position: number, line: number): void {
  const { content } = panel;
  content.activeCellIndex = position;
  content.mode = 'edit';
  const cell = content.activeCell;
  if (!cell) {
    return;
  }
  content
    .scrollToItem(position, 'center')
    .then(() => {
      const last = (cell.editor?.lineCount ?? 1) - 1;
      const row = Math.min(line - 1, last);
      cell.editor?.setCursorPosition({ line: row, column: 0 });
      cell.editor?.focus();
    })
    .catch(console.warn);
}
