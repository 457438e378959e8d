/** The server's connections in; the places where a pipeline can run out, and how each answers when it is asked. */

import { type ISignal, Signal } from '@lumino/signaling';

import type { Client } from '../client';
import type {
  Capabilities,
  TargetAsked,
  TargetStatus,
  TargetView
} from '../wire';

/** How a target is, as far as it is known. */
export type Reached = TargetStatus | 'asking' | undefined;

/** All targets: one of these in a window. Nothing is polled: clusters are asked when a menu opens. */
export class Targets {
  constructor(private readonly _client: Client) {}

  get all(): readonly TargetView[] {
    return this._all;
  }

  /** What the server can do; null until it was asked. */
  get capabilities(): Capabilities | null {
    return this._capabilities;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** How a target answered when it was last asked. */
  reached(name: string): Reached {
    return this._reached.get(name);
  }

  find(name: string): TargetView | undefined {
    return this._all.find(target => target.name === name);
  }

  /** Ask for the list, and what the server can do. */
  async load(): Promise<void> {
    const [capabilities, { targets }] = await Promise.all([
      this._capabilities ?? this._client.status(),
      this._client.targets()
    ]);
    this._capabilities = capabilities;
    this._all = targets;
    this._changed.emit();
  }

  /** Ask each cluster whether it answers; the signal tells each answer as it comes. */
  async reach(): Promise<void> {
    await Promise.all(this._all.map(target => this._reach(target.name)));
  }

  /** Keep a connection: a new one, or in place of one with this name. */
  async keep(asked: TargetAsked): Promise<void> {
    this._all = (await this._client.addTarget(asked)).targets;
    this._reached.delete(asked.name);
    this._changed.emit();
    void this._reach(asked.name);
  }

  async remove(name: string): Promise<void> {
    await this._client.removeTarget(name);
    this._all = this._all.filter(target => target.name !== name);
    this._reached.delete(name);
    this._changed.emit();
  }

  private async _reach(name: string): Promise<void> {
    if (this._reached.get(name) === 'asking') {
      return;
    }
    this._reached.set(name, 'asking');
    this._changed.emit();
    try {
      this._reached.set(name, await this._client.targetStatus(name));
    } catch (reason) {
      const message = reason instanceof Error ? reason.message : String(reason);
      this._reached.set(name, { name, reach: 'away', message });
    }
    this._changed.emit();
  }

  private _all: readonly TargetView[] = [];
  private _capabilities: Capabilities | null = null;
  private readonly _reached = new Map<string, Reached>();
  private readonly _changed = new Signal<this, void>(this);
}
