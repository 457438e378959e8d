/** A notebook that was made to look into a step in; the notebook it comes from out. Known to the tab's session. */

import type { INotebookPipeline } from '../tokens';

const KEY = 'nb2pipe:origin:';

/** Where a debug notebook comes from: the notebook's path, and the step's id. */
export interface IOrigin {
  path: string;
  step: string;
}

/** True for a notebook that `debug` made: it is no pipeline, but one step of one. */
export function isDebug(pipeline: INotebookPipeline): boolean {
  const told: unknown =
    pipeline.panel.content.model?.getMetadata('nb2pipe') ?? null;
  return typeof told === 'object' && told !== null && 'debug' in told;
}

/** Keep where the notebook at `path` comes from. */
export function remember(path: string, origin: IOrigin): void {
  window.sessionStorage.setItem(KEY + path, JSON.stringify(origin));
}

/** Where the notebook at `path` comes from; null if it was not made in this tab. */
export function originOf(path: string): IOrigin | null {
  const kept = window.sessionStorage.getItem(KEY + path);
  return kept === null ? null : (JSON.parse(kept) as IOrigin);
}
