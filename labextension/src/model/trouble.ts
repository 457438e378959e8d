/** What a request threw in, a line for people out. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { RequestError } from '../client';
import type { ITrouble } from '../tokens';

/** Why a request failed, and what to do. Problems that the server told are passed on as they are. */
export function troubleOf(reason: unknown, trans: TranslationBundle): ITrouble {
  if (!(reason instanceof RequestError)) {
    return { message: String(reason), hint: null };
  }
  switch (reason.failure) {
    case 'refused': {
      const first = reason.diagnostics[0];
      return {
        message: first ? `${first.code} ${first.message}` : reason.message,
        hint: first?.hint ?? null
      };
    }
    case 'away':
      return {
        message: trans.__('The Jupyter server does not answer.'),
        hint: trans.__('Your notebook is safe here; this is tried again.')
      };
    case 'denied':
      return {
        message: trans.__('The Jupyter server asks you to log in again.'),
        hint: trans.__('Save your work and load this page again.')
      };
    case 'missing':
      return {
        message: trans.__("nb2pipe's server extension is not there."),
        hint: trans.__(
          'Run `jupyter server extension enable nb2pipe_jupyter` and start JupyterLab again.'
        )
      };
    case 'broken':
      return {
        message: trans.__(
          'The Jupyter server gave an answer that makes no sense: %1',
          reason.message
        ),
        hint: trans.__('Its log says more.')
      };
  }
}
