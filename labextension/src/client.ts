/** Questions in, the server's answers out: the only file that asks the server extension. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  Analysis,
  Capabilities,
  CompileAsked,
  CompiledView,
  Diagnostic,
  FreshAsked,
  Freshnesses,
  Json,
  News,
  NotebookAsked,
  Opened,
  ResumeAsked,
  RunAsked,
  RunView,
  Runs,
  StatusAsked,
  SuggestAsked,
  Suggested,
  TargetAsked,
  TargetStatus,
  Targets,
  VerificationView,
  VerifyAsked
} from './wire';

/** Where the server extension answers, below the server's base URL. */
const ROOT = 'nb2pipe';

/**
 * Why there is no answer.
 *
 * - `away`: the server did not answer at all.
 * - `missing`: it did, and knows nothing of nb2pipe.
 * - `denied`: the login is not, or no longer, good.
 * - `refused`: it answered with problems; `diagnostics` hold them.
 * - `broken`: it answered with something else.
 */
export type Failure = 'away' | 'missing' | 'denied' | 'refused' | 'broken';

/** A question that got no answer. `diagnostics` are there for `refused` only, at least one. */
export class RequestError extends Error {
  constructor(
    readonly failure: Failure,
    message: string,
    readonly status = 0,
    readonly diagnostics: readonly Diagnostic[] = []
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

/** True for what a request throws after its signal was aborted. */
export function isAborted(reason: unknown): boolean {
  return (
    reason instanceof Error &&
    (reason.name === 'AbortError' || /\babort/i.test(reason.message))
  );
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** The routes of the server extension, one method for each. It holds no state: make as many as you like. */
export class Client {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  status(signal?: AbortSignal): Promise<Capabilities> {
    return this._get('status', {}, signal);
  }

  analyze(asked: NotebookAsked, signal?: AbortSignal): Promise<Analysis> {
    return this._post('analyze', asked, signal);
  }

  suggest(asked: SuggestAsked, signal?: AbortSignal): Promise<Suggested> {
    return this._post('suggest', asked, signal);
  }

  /** Which steps would be run anew, and why. */
  freshness(asked: StatusAsked, signal?: AbortSignal): Promise<Freshnesses> {
    return this._post('freshness', asked, signal);
  }

  /** Take the last results of some steps as what they would give now. */
  markFresh(asked: FreshAsked, signal?: AbortSignal): Promise<Freshnesses> {
    return this._post('fresh', asked, signal);
  }

  runs(path: string, most: number, signal?: AbortSignal): Promise<Runs> {
    return this._get('runs', { path, most }, signal);
  }

  start(asked: RunAsked, signal?: AbortSignal): Promise<RunView> {
    return this._post('runs', asked, signal);
  }

  run(id: string, path: string, signal?: AbortSignal): Promise<RunView> {
    return this._get(['runs', id], { path }, signal);
  }

  async removeRun(id: string, path: string): Promise<void> {
    await this._answer(['runs', id], { path }, { method: 'DELETE' });
  }

  cancel(id: string, path: string): Promise<RunView> {
    return this._post(['runs', id, 'cancel'], { path });
  }

  /** Go on with a run, as the notebook is on the screen. */
  resume(id: string, asked: ResumeAsked): Promise<RunView> {
    return this._post(['runs', id, 'resume'], asked);
  }

  /** What happened in a run since event number `after`, at once. */
  news(
    id: string,
    path: string,
    after: number,
    signal?: AbortSignal
  ): Promise<News> {
    return this._get(['runs', id, 'events'], { path, after }, signal);
  }

  /** The same as a stream of server-sent events, for a reader of streams. */
  stream(
    id: string,
    path: string,
    after: number,
    signal: AbortSignal
  ): Promise<Response> {
    const headers = {
      Accept: 'text/event-stream',
      'Last-Event-ID': String(after)
    };
    return this._answer(
      ['runs', id, 'events'],
      { path, after },
      {
        headers,
        signal,
        cache: 'no-store'
      }
    );
  }

  /** The notebook with the outputs of all steps, as nbformat data. */
  runNotebook(id: string, path: string): Promise<Json> {
    return this._get(['runs', id, 'notebook'], { path });
  }

  /** A step's executed notebook, as far as it got, as nbformat data. */
  stepNotebook(id: string, step: string, path: string): Promise<Json> {
    return this._get(['runs', id, 'steps', step, 'notebook'], { path });
  }

  /** The last `tail` lines of what a step's kernel wrote to its log. */
  async stepLog(
    id: string,
    step: string,
    path: string,
    tail: number
  ): Promise<string> {
    const parts = ['runs', id, 'steps', step, 'log'];
    return (await this._answer(parts, { path, tail }, {})).text();
  }

  /** Write a live notebook of a step, with its inputs, beside the notebook. */
  debug(id: string, step: string, path: string): Promise<Opened> {
    return this._post(['runs', id, 'steps', step, 'debug'], { path });
  }

  compile(asked: CompileAsked): Promise<CompiledView> {
    return this._post('compile', asked);
  }

  targets(signal?: AbortSignal): Promise<Targets> {
    return this._get('targets', {}, signal);
  }

  addTarget(asked: TargetAsked): Promise<Targets> {
    return this._post('targets', asked);
  }

  async removeTarget(name: string): Promise<void> {
    await this._answer(['targets', name], {}, { method: 'DELETE' });
  }

  targetStatus(name: string, signal?: AbortSignal): Promise<TargetStatus> {
    return this._get(['targets', name, 'status'], {}, signal);
  }

  verify(asked: VerifyAsked): Promise<VerificationView> {
    return this._post('verifications', asked);
  }

  verification(
    id: string,
    path: string,
    signal?: AbortSignal
  ): Promise<VerificationView> {
    return this._get(['verifications', id], { path }, signal);
  }

  cancelVerification(id: string, path: string): Promise<VerificationView> {
    return this._post(['verifications', id, 'cancel'], { path });
  }

  /** Where the browser finds the page of a verification. */
  reportUrl(id: string, path: string): string {
    return this._url(['verifications', id, 'report'], { path });
  }

  private async _get<T>(
    route: string | readonly string[],
    query: Query,
    signal?: AbortSignal
  ): Promise<T> {
    const init: RequestInit = signal ? { signal } : {};
    return this._json(await this._answer(route, query, init));
  }

  private async _post<T>(
    route: string | readonly string[],
    body: object,
    signal?: AbortSignal
  ): Promise<T> {
    const init: RequestInit = { method: 'POST', body: JSON.stringify(body) };
    if (signal) {
      init.signal = signal;
    }
    return this._json(await this._answer(route, {}, init));
  }

  /** A good answer. Throws RequestError for any other, and what `fetch` throws for an aborted one. */
  private async _answer(
    route: string | readonly string[],
    query: Query,
    init: RequestInit
  ): Promise<Response> {
    let answer: Response;
    try {
      answer = await ServerConnection.makeRequest(
        this._url(route, query),
        init,
        this._settings
      );
    } catch (reason) {
      if (init.signal?.aborted || isAborted(reason)) {
        throw reason;
      }
      throw new RequestError('away', String(reason));
    }
    if (!answer.ok) {
      throw await refusal(answer);
    }
    return answer;
  }

  /** The server is one version with this code and its answers have the types of `wire.ts`. */
  private async _json<T>(answer: Response): Promise<T> {
    const data: unknown = await answer.json().catch((reason: unknown) => {
      if (isAborted(reason)) {
        throw reason;
      }
      throw new RequestError('broken', String(reason), answer.status);
    });
    return data as T;
  }

  private _url(route: string | readonly string[], query: Query): string {
    const parts = typeof route === 'string' ? [route] : route;
    const path = parts.map(part => encodeURIComponent(part));
    const asked = Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
    const url = URLExt.join(this._settings.baseUrl, ROOT, ...path);
    return asked.length ? `${url}?${asked.join('&')}` : url;
  }
}

/** What a bad answer says. */
async function refusal(answer: Response): Promise<RequestError> {
  const text = await answer.text().catch(() => '');
  const problems = diagnosticsOf(text);
  const first = problems[0];
  if (first) {
    return new RequestError('refused', first.message, answer.status, problems);
  }
  const message = `${answer.status} ${answer.statusText}`.trim();
  if (answer.status === 401 || answer.status === 403) {
    return new RequestError('denied', message, answer.status);
  }
  const failure = answer.status === 404 ? 'missing' : 'broken';
  return new RequestError(failure, message, answer.status);
}

/** The diagnostics of a `Problems` body; none if it is something else: a proxy's page, tornado's own error. */
export function diagnosticsOf(text: string): readonly Diagnostic[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return [];
  }
  const found = isRecord(data) ? data['diagnostics'] : undefined;
  return Array.isArray(found) ? found.filter(isDiagnostic) : [];
}

function isDiagnostic(data: unknown): data is Diagnostic {
  return (
    isRecord(data) &&
    typeof data['code'] === 'string' &&
    typeof data['message'] === 'string' &&
    isRecord(data['location'])
  );
}

function isRecord(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
