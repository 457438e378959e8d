/** Signals and promises in, renders out. */

import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Render again after each emission of a signal. */
export function useChanges<T, A>(signal: ISignal<T, A>): void {
  const [, render] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const onChange = () => render();
    signal.connect(onChange);
    onChange(); // it may have been emitted since the first render
    return () => {
      signal.disconnect(onChange);
    };
  }, [signal]);
}

/** A name for ids of elements, unlike that of any other use; React's own has signs that CSS can't name. */
export function useName(prefix: string): string {
  return `${prefix}-${React.useId().replace(/\W/g, '')}`;
}
