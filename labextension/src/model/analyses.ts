/** Notebook contents in, analyses out: one request at a time, the newest counts, known contents are not asked again. */

import { UUID } from '@lumino/coreutils';

import type { Client } from '../client';
import type { Analysis, Json } from '../wire';

/** How many analyses are kept: undo and redo go back to them. */
const KEPT = 8;

/** The analyses of one notebook. */
export class Analyses {
  constructor(private readonly _client: Pick<Client, 'analyze'>) {}

  /**
   * The analysis of this content; null if a newer question came before the answer. With `anew`, what is known is
   * not taken: files beside the notebook may have changed. Throws what the request throws.
   */
  async of(
    path: string,
    content: Json,
    anew = false
  ): Promise<Analysis | null> {
    const key = `${path}\n${JSON.stringify(content)}`;
    this.abort();
    if (anew) {
      this._known.clear();
    }
    const known = this._known.get(key);
    if (known) {
      return known;
    }
    const asking = new AbortController();
    this._asking = asking;
    try {
      const asked = { path, content, client: this._id, turn: ++this._turn };
      const found = await this._client.analyze(asked, asking.signal);
      if (asking.signal.aborted) {
        return null;
      }
      this._keep(key, found);
      return found;
    } catch (reason) {
      if (asking.signal.aborted) {
        return null;
      }
      throw reason;
    } finally {
      if (this._asking === asking) {
        this._asking = null;
      }
    }
  }

  /** Nobody waits for the answer any more. */
  abort(): void {
    this._asking?.abort();
    this._asking = null;
  }

  private _keep(key: string, found: Analysis): void {
    this._known.set(key, found);
    for (const old of this._known.keys()) {
      if (this._known.size <= KEPT) {
        break;
      }
      this._known.delete(old);
    }
  }

  /** The server gives up the analysis of an older content when a newer one of the same asker comes. */
  private readonly _id = UUID.uuid4();
  private _turn = 0;
  private readonly _known = new Map<string, Analysis>();
  private _asking: AbortController | null = null;
}
