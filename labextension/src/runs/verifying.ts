/** The runs of a notebook in; its verification out: begun, followed while somebody looks, stopped. */

import type { IDisposable } from '@lumino/disposable';

import type { ITrouble } from '../tokens';
import { troubleOf } from '../model/trouble';
import type { VerificationView } from '../wire';
import type { Runs } from './model';

const POLL_MS = 1000;

/** One verification at a time. Which one is known to the tab's session, so that it is found again after a reload. */
export class Verifying implements IDisposable {
  constructor(private readonly _runs: Runs) {}

  /** The last one; null if none was asked for in this tab. */
  get view(): VerificationView | null {
    return this._view;
  }

  get isLive(): boolean {
    return this._isBusy || (this._view !== null && !isEnded(this._view));
  }

  get trouble(): ITrouble | null {
    return this._trouble;
  }

  /** Where the browser finds the page of the report. */
  get report(): string | null {
    return this._view?.has_report
      ? this._runs.client.reportUrl(this._view.id, this._view.path)
      : null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    window.clearTimeout(this._timer);
  }

  /** Take up the one that this tab began before it was loaded again. */
  async find(): Promise<void> {
    const id = window.sessionStorage.getItem(this._key);
    if (id !== null && this._view === null) {
      await this._take(() =>
        this._runs.client.verification(id, this._runs.pipeline.path)
      ).catch(() => window.sessionStorage.removeItem(this._key));
    }
  }

  async start(): Promise<void> {
    const { client, pipeline } = this._runs;
    await this._try(() => client.verify({ path: pipeline.path }));
    if (this._view) {
      window.sessionStorage.setItem(this._key, this._view.id);
    }
  }

  async stop(): Promise<void> {
    const view = this._view;
    if (view) {
      await this._try(() =>
        this._runs.client.cancelVerification(view.id, view.path)
      );
    }
  }

  private get _key(): string {
    return `nb2pipe:verification:${this._runs.pipeline.path}`;
  }

  private async _try(ask: () => Promise<VerificationView>): Promise<void> {
    this._isBusy = true;
    this._trouble = null;
    this._runs.tell();
    try {
      await this._take(ask);
    } catch (reason) {
      this._trouble = troubleOf(reason, this._runs.trans);
    } finally {
      this._isBusy = false;
      this._runs.tell();
    }
  }

  private async _take(ask: () => Promise<VerificationView>): Promise<void> {
    this._view = await ask();
    this._runs.tell();
    this._later();
  }

  private _later(): void {
    window.clearTimeout(this._timer);
    if (!this._isDisposed && this._view && !isEnded(this._view)) {
      this._timer = window.setTimeout(() => void this._poll(), POLL_MS);
    }
  }

  private async _poll(): Promise<void> {
    const view = this._view;
    if (!view) {
      return;
    }
    if (!this._runs.isWatched) {
      this._later();
      return;
    }
    try {
      await this._take(() =>
        this._runs.client.verification(view.id, view.path)
      );
      this._trouble = null;
    } catch (reason) {
      this._trouble = troubleOf(reason, this._runs.trans);
      this._runs.tell();
      this._later();
    }
  }

  private _view: VerificationView | null = null;
  private _trouble: ITrouble | null = null;
  private _isBusy = false;
  private _isDisposed = false;
  private _timer = 0;
}

function isEnded(view: VerificationView): boolean {
  const state = view.state;
  return state !== 'PENDING' && state !== 'RUNNING' && state !== 'CANCELING';
}
