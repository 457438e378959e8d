/** A notebook in; its pipeline file for Kubeflow Pipelines out: warnings, the text to read, a button to keep it. */

import * as React from 'react';

import { DiagnosticText, Refused } from './diagnostics';
import { download } from './compiling';
import type { Runs } from './model';
import { Button, Fold, Trouble } from './parts';

/** To compile, look at what came out, and download it. */
export function CompiledPart(props: { runs: Runs }): JSX.Element {
  const { runs } = props;
  const { trans, compiling } = runs;
  const { compiled } = compiling;
  return (
    <section className="nb2pipe-Part" data-testid="nb2pipe-compile">
      <h3>{trans.__('Take it elsewhere')}</h3>
      {!compiled && (
        <p className="nb2pipe-Hint">
          {trans.__(
            'Compiles the notebook as it is on the screen to one YAML file that any Kubeflow Pipelines server runs.'
          )}
        </p>
      )}
      <div className="nb2pipe-Actions">
        <Button
          label={
            compiling.isBusy ? trans.__('Compiling…') : trans.__('Compile')
          }
          disabled={compiling.isBusy}
          onClick={() => void compiling.compile()}
          testid="nb2pipe-compile-start"
        />
        {compiled && (
          <Button
            kind="accept"
            label={trans.__('Download %1', compiled.name)}
            onClick={() => download(compiled.name, compiled.content)}
            testid="nb2pipe-compile-download"
          />
        )}
      </div>
      <Refused
        diagnostics={compiling.refused}
        title={trans.__('Nothing was compiled:')}
        runs={runs}
        onClose={() => compiling.close()}
      />
      <Trouble trouble={compiling.trouble} />
      {compiled?.diagnostics.map((item, place) => (
        <div key={place} className="nb2pipe-Notice nb2pipe-mod-warning">
          <DiagnosticText item={item} runs={runs} />
        </div>
      ))}
      {compiled && (
        <Fold title={compiled.name} testid="nb2pipe-compile-file">
          <pre className="nb2pipe-Lines" tabIndex={0}>
            {compiled.content}
          </pre>
        </Fold>
      )}
    </section>
  );
}
