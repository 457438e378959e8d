/** An open notebook in; whether anybody has cut it into steps yet out. */

import type { INotebookPipeline } from '../tokens';

/** Tags that begin a step: ours and Kale's. */
const STEP_TAG = /^\s*(?:step|block)\s*:/i;

export function hasSteps(pipeline: INotebookPipeline): boolean {
  const model = pipeline.panel.content.model;
  for (const cell of model?.cells ?? []) {
    const tags: unknown = cell.getMetadata('tags');
    const isMarked =
      Array.isArray(tags) &&
      tags.some(tag => typeof tag === 'string' && STEP_TAG.test(tag));
    if (cell.type === 'code' && isMarked) {
      return true;
    }
  }
  return false;
}
