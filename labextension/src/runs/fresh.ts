/** A pipeline in; which of its steps are fresh out, asked anew after a pause whenever the analysis changed. */

import type { IDisposable } from '@lumino/disposable';

import type { Client } from '../client';
import type { INotebookPipeline } from '../tokens';
import type { Freshness } from '../wire';

const PAUSE_MS = 800;

/** Keeps the freshness of one notebook's steps; asks only while it is watched, and only for what has no problems. */
export class FreshSteps implements IDisposable {
  constructor(
    private readonly _pipeline: INotebookPipeline,
    private readonly _client: Client,
    private readonly _onChanged: () => void
  ) {}

  /** By step id; empty while it isn't known. */
  get steps(): ReadonlyMap<string, Freshness> {
    return this._steps;
  }

  get isWatched(): boolean {
    return this._isWatched;
  }

  set isWatched(isWatched: boolean) {
    const begins = isWatched && !this._isWatched;
    this._isWatched = isWatched;
    if (begins && this._asked !== this._question()) {
      this.later(true);
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
    this._request?.abort();
  }

  /** Ask after a pause; `anew`: also what was asked already, since a run may have changed the answer. */
  later(anew = false): void {
    if (this._isDisposed) {
      return;
    }
    const question = this._question();
    if (!anew && question === this._asked) {
      return;
    }
    this._asked = null;
    if (anew && this._steps.size > 0) {
      this._set(new Map()); // what was said before the run holds no longer
    }
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._ask(), PAUSE_MS);
  }

  private async _ask(): Promise<void> {
    const question = this._question();
    if (!this._isWatched || question === null) {
      return;
    }
    this._request?.abort();
    const request = (this._request = new AbortController());
    this._asked = question;
    try {
      const { steps } = await this._client.freshness(
        {
          path: this._pipeline.path,
          content: this._pipeline.content(),
          parameters: Object.fromEntries(this._pipeline.parameters)
        },
        request.signal
      );
      this._set(new Map(steps.map(step => [step.id, step])));
    } catch {
      // what stops the answer is told where it matters: by the analysis, or when a run is asked for
      if (!request.signal.aborted) {
        this._set(new Map());
      }
    }
  }

  /** What tells two questions apart; null where there is nothing to ask. */
  private _question(): string | null {
    const { analysis, isPending, parameters, path } = this._pipeline;
    return analysis?.sound && !isPending && analysis.steps.length > 0
      ? JSON.stringify([path, analysis.digest, [...parameters]])
      : null;
  }

  private _set(steps: ReadonlyMap<string, Freshness>): void {
    if (!this._isDisposed) {
      this._steps = steps;
      this._onChanged();
    }
  }

  private _steps: ReadonlyMap<string, Freshness> = new Map();
  private _isWatched = false;
  private _isDisposed = false;
  private _asked: string | null = null;
  private _timer = 0;
  private _request: AbortController | null = null;
}
