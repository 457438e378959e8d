/** A run in; the pictures of its outputs as thumbnails out, asked for when they are first seen. */

import * as React from 'react';

import { CommandIDs } from './commandIds';
import type { Runs } from './model';
import { type IFigure, figuresOf } from './notebookData';

/** Pictures of one run; a click opens the notebook that holds them. */
export function Figures(props: {
  runs: Runs;
  run: string;
  isLive: boolean;
}): JSX.Element | null {
  const { runs, run, isLive } = props;
  const { trans } = runs;
  const [figures, setFigures] = React.useState<readonly IFigure[]>([]);
  React.useEffect(() => {
    let isGone = false;
    runs.client
      .runNotebook(run, runs.pipeline.path)
      .then(notebook => {
        if (!isGone) {
          setFigures(figuresOf(notebook));
        }
      })
      .catch(console.warn);
    return () => {
      isGone = true;
    };
  }, [runs, run, isLive]);
  if (figures.length === 0) {
    return null;
  }
  return (
    <>
      <h4>{trans.__('Figures')}</h4>
      <div className="nb2pipe-Figures" data-testid="nb2pipe-runs-figures">
        {figures.map((figure, place) => (
          <button
            key={place}
            type="button"
            className="nb2pipe-Figure"
            onClick={() => {
              const args = { run, cell: figure.cell };
              runs.commands
                .execute(CommandIDs.openOutput, args)
                .catch(console.error);
            }}
          >
            <img
              src={figure.address}
              alt={trans.__('Figure %1, from cell %2', place + 1, figure.cell)}
            />
          </button>
        ))}
      </div>
    </>
  );
}
