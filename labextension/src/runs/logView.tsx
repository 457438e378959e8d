/** What a step printed in; its last lines, in their colours, out: text only, and it follows unless it was scrolled. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Printed } from '../wire';
import { type IPiece, lines as linesOf } from './ansi';
import { type ILine, shownLines } from './log';

/** How many lines are shown; a notebook of the outputs holds them all. */
const MOST = 1000;

/** Printed text as it comes. */
export function LogView(props: {
  printed: readonly Printed[];
  isCut: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { printed, isCut, trans } = props;
  const { lines, left } = React.useMemo(
    () => shownLines(printed, MOST),
    [printed]
  );
  const place = React.useRef<HTMLDivElement>(null);
  const follows = React.useRef(true);
  React.useLayoutEffect(() => {
    if (follows.current && place.current) {
      place.current.scrollTop = place.current.scrollHeight;
    }
  }, [lines]);
  return (
    <div
      className="nb2pipe-Log jp-RenderedText"
      ref={place}
      role="log"
      aria-live="off"
      aria-label={trans.__('What the step printed')}
      tabIndex={0}
      onScroll={event => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < 8;
      }}
      data-testid="nb2pipe-step-log"
    >
      {(left > 0 || isCut) && (
        <div className="nb2pipe-Hint">
          {trans.__('Earlier lines are not shown here.')}
        </div>
      )}
      <pre>
        {lines.map((line, index) => (
          <Line key={left + index} line={line} />
        ))}
      </pre>
    </div>
  );
}

/** Text that a traceback or a file of a log holds. */
export function AnsiText(props: { text: string }): JSX.Element {
  const lines = React.useMemo(() => linesOf(props.text), [props.text]);
  return (
    <div className="nb2pipe-Log jp-RenderedText" tabIndex={0}>
      <pre>
        {lines.map((pieces, index) => (
          <Line key={index} line={{ stream: 'stdout', pieces }} />
        ))}
      </pre>
    </div>
  );
}

const Line = React.memo(
  function Line(props: { line: ILine }): JSX.Element {
    const { stream, pieces } = props.line;
    return (
      <span className={stream === 'stderr' ? 'nb2pipe-mod-stderr' : undefined}>
        {pieces.map((piece, index) => (
          <Piece key={index} piece={piece} />
        ))}
        {'\n'}
      </span>
    );
  },
  (before, after) => isSame(before.line, after.line)
);

function Piece(props: { piece: IPiece }): JSX.Element {
  const { text, classes, color, background } = props.piece;
  if (!classes && !color && !background) {
    return <>{text}</>;
  }
  return (
    <span className={classes} style={{ color, background }}>
      {text}
    </span>
  );
}

function isSame(before: ILine, after: ILine): boolean {
  return (
    before === after ||
    (before.stream === after.stream &&
      before.pieces.length === after.pieces.length &&
      before.pieces.every((piece, index) => {
        const other = after.pieces[index];
        return (
          piece.text === other?.text &&
          piece.classes === other.classes &&
          piece.color === other.color &&
          piece.background === other.background
        );
      }))
  );
}
