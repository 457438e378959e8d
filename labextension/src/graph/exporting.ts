/** A graph in, a file that the browser downloads out. Nothing is written on the server. */

import type { IServices } from '../panel/view';
import { cellRanges } from '../panel/words';
import type { Analysis } from '../wire';
import { mermaid } from './mermaid';
import { svg } from './svg';

/** The text that was downloaded. */
export function exported(
  format: 'svg' | 'mermaid',
  analysis: Analysis,
  path: string,
  services: IServices
): string {
  const { trans, settings } = services;
  const name = (path.split('/').pop() ?? '').replace(/\.ipynb$/, '');
  const cells = (found: readonly number[]) =>
    trans._n('cell %2', 'cells %2', found.length, cellRanges(found));
  const text =
    format === 'mermaid'
      ? mermaid(analysis)
      : svg(
          analysis,
          settings.current.graphDirection,
          trans.__('Pipeline of %1', name),
          cells
        );
  const type = format === 'svg' ? 'image/svg+xml' : 'text/plain';
  download(`${name}.${format === 'svg' ? 'svg' : 'mmd'}`, text, type);
  return text;
}

function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
