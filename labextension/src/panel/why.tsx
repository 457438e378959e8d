/** The code of a problem in, the chapter of the manual on it out; loaded when it is first asked for. */

import { MimeModel } from '@jupyterlab/rendermime';
import * as React from 'react';

import { chapterOf } from './chapters';
import type { IServices } from './view';

async function load(code: string): Promise<string | null> {
  const manual = await import('../../../docs/diagnostics.md');
  return chapterOf(manual.default, code);
}

/** The text, as JupyterLab shows Markdown that it does not trust. */
export function Why(props: { code: string; services: IServices }): JSX.Element {
  const { code, services } = props;
  const { trans, rendermime } = services;
  const place = React.useRef<HTMLDivElement>(null);
  const [text, setText] = React.useState<string | null>('');
  React.useEffect(() => {
    load(code).then(setText, () => setText(null));
  }, [code]);
  React.useEffect(() => {
    const node = place.current;
    if (!node || !text || !rendermime) {
      return;
    }
    const renderer = rendermime.createRenderer('text/markdown');
    const data = { 'text/markdown': text };
    void renderer.renderModel(new MimeModel({ data, trusted: false }));
    node.replaceChildren(renderer.node);
    return () => renderer.dispose();
  }, [text, rendermime]);
  if (text === null) {
    return <p>{trans.__('The manual has no chapter on %1.', code)}</p>;
  }
  return rendermime ? (
    <div ref={place} className="nb2pipe-Why" />
  ) : (
    <div className="nb2pipe-Why nb2pipe-mod-plain">{text}</div>
  );
}
