/** The weight of a problem in, a picture with a shape of its own and a word out. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Severity } from '../wire';

const SHAPES: Readonly<Record<Severity, string>> = {
  error:
    'M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12zM5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2',
  warning: 'M8 2.2l6.2 11.3H1.8zM8 6.4v3.4M8 11.5v.3',
  note: 'M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12zM8 7.4v3.6M8 4.9v.3'
};

/** The picture alone: the word stands beside it. */
export function Mark(props: { severity: Severity }): JSX.Element {
  return (
    <svg
      className={`nb2pipe-Severity nb2pipe-mod-${props.severity}`}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
    >
      <path d={SHAPES[props.severity]} />
    </svg>
  );
}

/** What problems of a weight mean for a run. */
export function severityTitle(
  severity: Severity,
  count: number,
  trans: TranslationBundle
): string {
  switch (severity) {
    case 'error':
      return trans._n(
        '%1 error: nothing runs until it is mended',
        '%1 errors: nothing runs until they are mended',
        count
      );
    case 'warning':
      return trans._n(
        '%1 warning: it may not be as you think',
        '%1 warnings: something may not be as you think',
        count
      );
    case 'note':
      return trans._n('%1 note: good to know', '%1 notes: good to know', count);
  }
}
