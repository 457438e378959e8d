/** The server extension in, what it can do out: asked once, when the panel is first shown, and again on request. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Client, RequestError } from '../client';
import { troubleOf } from '../model/trouble';
import type { ITrouble } from '../tokens';
import { VERSION } from '../version';
import type { Capabilities } from '../wire';

/** The handshake with the server extension. */
export class Server {
  constructor(
    private readonly _client: Pick<Client, 'status'>,
    private readonly _trans: TranslationBundle
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null before the answer, or without one. */
  get capabilities(): Capabilities | null {
    return this._capabilities;
  }

  get trouble(): ITrouble | null {
    return this._trouble;
  }

  /** True if the server is there and has no nb2pipe. */
  get isMissing(): boolean {
    return this._isMissing;
  }

  /** The server's version where it isn't this panel's. */
  get otherVersion(): string | null {
    const version = this._capabilities?.version;
    return version && version !== VERSION ? version : null;
  }

  /** Ask, unless it was asked before. */
  greet(): void {
    if (!this._isAsked) {
      void this.ask();
    }
  }

  async ask(): Promise<void> {
    this._isAsked = true;
    try {
      this._capabilities = await this._client.status();
      this._trouble = null;
      this._isMissing = false;
    } catch (reason) {
      this._trouble = troubleOf(reason, this._trans);
      this._isMissing =
        reason instanceof RequestError && reason.failure === 'missing';
      this._isAsked = false;
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _capabilities: Capabilities | null = null;
  private _trouble: ITrouble | null = null;
  private _isMissing = false;
  private _isAsked = false;
}
