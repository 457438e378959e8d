/** A run under way in, its news out as they come: one run at a time in this window, and only while it is seen. */

import { Signal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';

import type { News } from '../wire';
import { MessageReader, pause } from './sse';

/** Where news come from. `after` is the number of the last event that is known. */
export interface INewsSource {
  stream(after: number, signal: AbortSignal): Promise<Response>;
  news(after: number, signal: AbortSignal): Promise<News>;
}

/**
 * Leave to hold one of the few connections that a browser has to a server: how to give it back, or null if other windows
 * hold all that are ours.
 */
export type Admission = () => Promise<(() => void) | null>;

const alone: Admission = () => Promise.resolve(() => undefined);

/** The server says that it is still there each 15 s; a connection that is silent for longer is dead. */
const SILENCE_MS = 40_000;
/** Streams that broke before anything came, after which the server is polled for a while. */
const MOST_BROKEN = 2;
const POLLS_BEFORE_STREAM = 20;
const POLL_MS = 1000;

/** Follows one run until it ends or this is disposed. `after` stays what it was told: ask it before following again. */
export class Follower implements IDisposable {
  /** `onTrouble`: null when news come again. */
  constructor(
    private readonly _source: INewsSource,
    public after: number,
    private readonly _onNews: (news: News) => void,
    private readonly _onTrouble: (reason: unknown) => void,
    private readonly _admit: Admission = alone
  ) {
    void this._follow();
  }

  get isDisposed(): boolean {
    return this._end.signal.aborted;
  }

  dispose(): void {
    this._end.abort();
  }

  private async _follow(): Promise<void> {
    let failures = 0;
    let polls = 0;
    while (!this.isDisposed) {
      const before = this.after;
      try {
        if (polls > 0) {
          polls -= 1;
          this._take(await this._source.news(this.after, this._end.signal));
          await wait(POLL_MS, this._end.signal);
        } else {
          const release = await this._admit();
          if (release) {
            await this._stream().finally(release);
          } else {
            polls = POLLS_BEFORE_STREAM;
          }
        }
        failures = 0;
      } catch (reason) {
        if (this.isDisposed) {
          return;
        }
        if (isFinal(reason)) {
          this._onTrouble(reason);
          this.dispose();
          return;
        }
        failures = this.after > before ? 1 : failures + 1;
        if (failures > 1) {
          this._onTrouble(reason);
        }
        if (failures > MOST_BROKEN || isTooMuch(reason)) {
          polls = POLLS_BEFORE_STREAM;
        }
        await wait(pause(failures, Math.random()), this._end.signal);
      }
    }
  }

  /** Read one stream to its end. */
  private async _stream(): Promise<void> {
    const dead = new AbortController();
    const abort = (): void => dead.abort();
    this._end.signal.addEventListener('abort', abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const answer = await this._source.stream(this.after, dead.signal);
      const body = answer.body?.getReader();
      if (!body) {
        throw new Error('a stream without a body');
      }
      const messages = new MessageReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await body.read();
        if (done) {
          break;
        }
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        for (const message of messages.push(
          decoder.decode(value, { stream: true })
        )) {
          if (message.event === 'news') {
            this._take(JSON.parse(message.data) as News);
          }
        }
      }
    } finally {
      clearTimeout(silence);
      this._end.signal.removeEventListener('abort', abort);
      dead.abort();
    }
    if (!this.isDisposed) {
      throw new Error('the stream ended before the run');
    }
  }

  private _take(news: News): void {
    if (this.isDisposed) {
      return;
    }
    this.after = news.view.next;
    this._onTrouble(null);
    this._onNews(news);
    if (!news.view.live) {
      this.dispose();
    }
  }

  private _end = new AbortController();
}

/** The server knows the run no more, or does not let us: asking again is in vain. */
function isFinal(reason: unknown): boolean {
  return [400, 401, 403, 404].includes(statusOf(reason));
}

function isTooMuch(reason: unknown): boolean {
  return statusOf(reason) === 429;
}

/** The HTTP status that a request's error tells; 0 for other errors. */
function statusOf(reason: unknown): number {
  const status = (reason as { status?: unknown } | null)?.status;
  return typeof status === 'number' ? status : 0;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Something that follows a run when it is its turn. */
export interface IFollowing {
  /** Begin, or stop, to follow. */
  setTurn(isMine: boolean): void;
}

/** Gives the turn to the one that wanted it last, and to none while the window is hidden. */
export class Turns {
  constructor(private readonly _document: Document) {
    _document.addEventListener('visibilitychange', () => this._settle());
  }

  want(who: IFollowing, wants: boolean): void {
    const others = this._wanting.filter(item => item !== who);
    if (!wants) {
      this._wanting = others;
    } else if (others.length === this._wanting.length) {
      this._wanting = [...others, who];
    }
    this._settle();
  }

  /** True while the window is seen. */
  get isSeen(): boolean {
    return !this._document.hidden;
  }

  /** The window was shown or hidden. */
  readonly seen = new Signal<this, boolean>(this);

  private _settle(): void {
    const next = this.isSeen
      ? this._wanting[this._wanting.length - 1]
      : undefined;
    if (next !== this._turn) {
      this._turn?.setTurn(false);
      this._turn = next;
      next?.setTurn(true);
    }
    if (this.isSeen !== this._wasSeen) {
      this._wasSeen = this.isSeen;
      this.seen.emit(this.isSeen);
    }
  }

  private _wanting: IFollowing[] = [];
  private _turn: IFollowing | undefined;
  private _wasSeen = true;
}
