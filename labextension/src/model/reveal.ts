/** A cell of an open notebook in; out it comes on the screen, active, the cursor on a line if one is given. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';

/** Show `panel`, make `cell` its active one and, if `line` (from 1) is given, edit the cell there. */
export async function revealCell(
  shell: JupyterFrontEnd.IShell,
  panel: NotebookPanel,
  cell: ICellModel,
  line?: number
): Promise<void> {
  const notebook = panel.content;
  const place = notebook.widgets.findIndex(widget => widget.model === cell);
  const widget = notebook.widgets[place];
  if (!widget) {
    return;
  }
  shell.activateById(panel.id);
  notebook.deselectAll();
  notebook.activeCellIndex = place;
  await notebook.scrollToCell(widget, 'smart');
  if (line === undefined) {
    // not before: showing the notebook may put the cursor into the editor
    notebook.activate();
    notebook.mode = 'command';
    return;
  }
  await widget.ready;
  const editor = widget.editor;
  if (widget.inputHidden) {
    widget.inputHidden = false;
  }
  notebook.mode = 'edit';
  if (editor && line <= editor.lineCount) {
    const text = editor.getLine(line - 1) ?? '';
    const indent = text.length - text.trimStart().length;
    editor.focus();
    editor.setCursorPosition({ line: line - 1, column: indent });
    editor.revealPosition({ line: line - 1, column: indent });
  }
}
