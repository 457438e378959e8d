/** The run under way of a notebook in; its news out, while it is this notebook's turn; and what it printed is kept. */

import type { IDisposable } from '@lumino/disposable';

import type { Client } from '../client';
import type { News, RunView } from '../wire';
import { admit } from './admission';
import { Follower, type IFollowing, type Turns } from './live';
import { Logs } from './log';

/** Who is told. `onTrouble`: null when news come again. */
export interface IListener {
  onNews(news: News): void;
  onTrouble(reason: unknown): void;
}

/** Follows one run at a time, from its beginning if it was not followed before. */
export class Following implements IFollowing, IDisposable {
  constructor(
    private readonly _turns: Turns,
    private readonly _client: Client,
    private readonly _listener: IListener
  ) {}

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._view = null;
    this._turns.want(this, false);
  }

  /** Follow this run as soon as it is our turn; null: none. */
  follow(view: RunView | null): void {
    if (this._view?.run.id !== view?.run.id) {
      this._turns.want(this, false);
    }
    this._view = view;
    this._turns.want(this, view !== null);
  }

  /** What a run printed, as far as it was followed here. */
  logs(run: string | undefined): Logs | undefined {
    return run === undefined ? undefined : this._logs.get(run);
  }

  forget(run: string): void {
    this._logs.delete(run);
  }

  setTurn(isMine: boolean): void {
    this._follower?.dispose();
    this._follower = null;
    if (!isMine || !this._view) {
      return;
    }
    const { run, path, next } = this._view;
    const known = this._logs.get(run.id);
    const logs = known ?? new Logs();
    this._logs.set(run.id, logs);
    this._follower = new Follower(
      {
        stream: (after, signal) =>
          this._client.stream(run.id, path, after, signal),
        news: (after, signal) => this._client.news(run.id, path, after, signal)
      },
      known ? next : 0,
      news => {
        logs.add(news.printed, news.cut);
        this._listener.onNews(news);
      },
      reason => this._listener.onTrouble(reason),
      admit
    );
  }

  private readonly _logs = new Map<string, Logs>();
  private _view: RunView | null = null;
  private _follower: Follower | null = null;
  private _isDisposed = false;
}
