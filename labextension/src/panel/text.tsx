/** A sentence of analysis in; out it comes with its code as code and its cells as buttons that go there. */

import * as React from 'react';

import type { INotebookPipeline } from '../tokens';
import { partsOf } from './words';

export function Sentence(props: {
  text: string;
  pipeline: INotebookPipeline;
}): React.JSX.Element {
  const { text, pipeline } = props;
  const parts = partsOf(text, pipeline.analysis?.cells.length ?? 0);
  return (
    <>
      {parts.map((part, place) =>
        part.kind === 'cell' ? (
          <CellLink
            key={place}
            pipeline={pipeline}
            cell={part.cell}
            text={part.text}
          />
        ) : part.kind === 'code' ? (
          <code key={place}>{part.text}</code>
        ) : (
          <React.Fragment key={place}>{part.text}</React.Fragment>
        )
      )}
    </>
  );
}

/** A mention of a cell that can be gone to. */
export function CellLink(props: {
  pipeline: INotebookPipeline;
  cell: number;
  line?: number;
  text: string;
}): React.JSX.Element {
  const { pipeline, cell, line, text } = props;
  return (
    <button
      type="button"
      className="nb2pipe-Link"
      onClick={() => void pipeline.reveal(cell, line)}
    >
      {text}
    </button>
  );
}
