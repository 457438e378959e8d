/** A notebook's model in, what the server needs of it out: nbformat data without outputs. Nothing is changed. */

import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';

import type { Json } from '../wire';

/** Metadata of notebooks that can be large and tell nothing of the pipeline: the state of widgets. */
const LEFT_OUT = 'widgets';

/**
 * The notebook as it is on the screen. Outputs are left out, save for the mark that a cell ended with an error: it
 * tells a value that the notebook never had from one that hidden state gave it.
 */
export function contentOf(model: INotebookModel): Json {
  const metadata: Record<string, unknown> = {
    ...model.sharedModel.getMetadata()
  };
  delete metadata[LEFT_OUT];
  return {
    cells: Array.from(model.cells, contentOfCell),
    metadata: metadata as Json,
    nbformat: model.nbformat,
    nbformat_minor: model.nbformatMinor
  };
}

function contentOfCell(cell: ICellModel): Json {
  const shared = cell.sharedModel;
  const common = {
    cell_type: cell.type,
    id: cell.id,
    metadata: cell.metadata as Json,
    source: shared.getSource()
  };
  if (cell.type !== 'code') {
    return common;
  }
  const code = cell as ICodeCellModel;
  const outputs = hasError(code) ? [FAILED] : [];
  return { ...common, execution_count: code.executionCount, outputs };
}

const FAILED: Json = {
  output_type: 'error',
  ename: '',
  evalue: '',
  traceback: []
};

function hasError(cell: ICodeCellModel): boolean {
  for (let place = 0; place < cell.outputs.length; place++) {
    if (cell.outputs.get(place).type === 'error') {
      return true;
    }
  }
  return false;
}

/** Code cells of the notebook, in order: their place in this list is their index in an analysis. */
export function codeCells(model: INotebookModel): ICellModel[] {
  return Array.from(model.cells).filter(cell => cell.type === 'code');
}
