/** The notebook on the screen in, a pipeline file for Kubeflow Pipelines out: shown, and given to the browser to keep. */

import { RequestError } from '../client';
import { troubleOf } from '../model/trouble';
import type { ITrouble } from '../tokens';
import type { CompiledView, Diagnostic } from '../wire';
import type { Runs } from './model';

/** Compiles one notebook. */
export class Compiling {
  constructor(private readonly _runs: Runs) {}

  /** The last file. */
  get compiled(): CompiledView | null {
    return this._compiled;
  }

  /** Why there is none. */
  get refused(): readonly Diagnostic[] {
    return this._refused;
  }

  get trouble(): ITrouble | null {
    return this._trouble;
  }

  get isBusy(): boolean {
    return this._isBusy;
  }

  /** Compile, and keep what came out to be looked at. */
  async compile(): Promise<CompiledView | null> {
    const { client, pipeline } = this._runs;
    this._isBusy = true;
    this._compiled = null;
    this._refused = [];
    this._trouble = null;
    this._runs.tell();
    try {
      this._compiled = await client.compile({
        path: pipeline.path,
        content: pipeline.content(),
        parameters: Object.fromEntries(pipeline.parameters)
      });
    } catch (reason) {
      if (reason instanceof RequestError && reason.failure === 'refused') {
        this._refused = reason.diagnostics;
      } else {
        this._trouble = troubleOf(reason, this._runs.trans);
      }
    } finally {
      this._isBusy = false;
      this._runs.tell();
    }
    return this._compiled;
  }

  /** Put the file away. */
  close(): void {
    this._compiled = null;
    this._refused = [];
    this._trouble = null;
    this._runs.tell();
  }

  private _compiled: CompiledView | null = null;
  private _refused: readonly Diagnostic[] = [];
  private _trouble: ITrouble | null = null;
  private _isBusy = false;
}

/** Let the browser keep a text as a file. */
export function download(name: string, text: string): void {
  const address = URL.createObjectURL(
    new Blob([text], { type: 'application/yaml' })
  );
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
