/** Texts that the user gave to a notebook's parameters: kept in the browser's state, by the notebook's path. */

import type { IStateDB } from '@jupyterlab/statedb';

const KEY = 'nb2pipe:parameters:';

/** The texts in what the state holds; none for anything unexpected. */
export function textsIn(kept: unknown): Map<string, string> {
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) {
    return new Map();
  }
  const entries = Object.entries(kept).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string'
  );
  return new Map(entries);
}

/** The texts of one notebook. Without a state they last as long as the page. */
export class ParameterTexts {
  constructor(private readonly _state: IStateDB | null) {}

  get all(): ReadonlyMap<string, string> {
    return this._texts;
  }

  /** Read what is kept for this path. What was typed meanwhile counts more. */
  async load(path: string): Promise<void> {
    const kept = await this._state?.fetch(KEY + path);
    this._texts = new Map([...textsIn(kept), ...this._texts]);
  }

  /** Keep a text, or forget it. */
  async set(path: string, name: string, text: string | null): Promise<void> {
    this._texts = new Map(this._texts);
    if (text === null) {
      this._texts.delete(name);
    } else {
      this._texts.set(name, text);
    }
    await this._save(path);
  }

  /** The notebook has another name now. */
  async move(from: string, to: string): Promise<void> {
    if (this._texts.size) {
      await this._state?.remove(KEY + from);
      await this._save(to);
    }
  }

  private async _save(path: string): Promise<void> {
    if (this._texts.size) {
      await this._state?.save(KEY + path, Object.fromEntries(this._texts));
    } else {
      await this._state?.remove(KEY + path);
    }
  }

  private _texts = new Map<string, string>();
}
