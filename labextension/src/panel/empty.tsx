/** Where there is no pipeline to show: why, and what to do next. */

import * as React from 'react';

import { Button } from '../runs/parts';
import type { INotebookPipeline } from '../tokens';
import { CommandIDs, type IServices } from './view';

/** What to type into a terminal: the same in all languages. */
const INSTALL =
  'pip install nb2pipe\njupyter server extension enable nb2pipe_jupyter';

/** The code of the problem that a notebook is in another language. */
const OTHER_LANGUAGE = 'N2P111';

function Lesson(props: {
  title: string;
  name: string;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <section
      className="nb2pipe-Empty"
      data-testid="nb2pipe-panel-empty"
      data-why={props.name}
    >
      <h3>{props.title}</h3>
      {props.children}
    </section>
  );
}

/** No notebook is open, or none was looked at yet. */
export function NoNotebook(props: { services: IServices }): JSX.Element {
  const { trans } = props.services;
  return (
    <Lesson name="notebook" title={trans.__('Open a notebook')}>
      <p>
        {trans.__(
          'Its steps, and how they depend on each other, are shown here. No kernel is needed.'
        )}
      </p>
    </Lesson>
  );
}

/** The server knows nothing of nb2pipe, or does not answer. */
export function NoServer(props: { services: IServices }): JSX.Element {
  const { trans, server } = props.services;
  const title = server.isMissing
    ? trans.__("nb2pipe's server part is not there")
    : trans.__('There is no answer from the Jupyter server');
  return (
    <Lesson name="server" title={title}>
      {server.isMissing ? (
        <>
          <p>
            {trans.__(
              'This panel was loaded, but the Jupyter server runs without nb2pipe. In the environment that JupyterLab runs in, do this and start it again:'
            )}
          </p>
          <pre>{INSTALL}</pre>
        </>
      ) : (
        <p>{server.trouble?.message}</p>
      )}
      <Button
        label={trans.__('Try again')}
        onClick={() =>
          void server
            .ask()
            .then(() => props.services.pipelines.current?.refresh())
        }
      />
    </Lesson>
  );
}

/** The notebook is in another language than Python. */
export function OtherLanguage(props: {
  message: string;
  services: IServices;
}): JSX.Element {
  const { trans } = props.services;
  return (
    <Lesson name="language" title={trans.__('Not a Python notebook')}>
      <p>{props.message}</p>
      <p>
        {trans.__(
          'If its code is Python, choose a Python kernel at the upper right of the notebook.'
        )}
      </p>
    </Lesson>
  );
}

/** The notebook has no tags: all of it would be one step. */
export function NoSteps(props: { services: IServices }): JSX.Element {
  const { trans, commands } = props.services;
  return (
    <Lesson name="steps" title={trans.__('Cut the notebook into steps')}>
      <p>
        {trans.__(
          'Point at a cell and choose “+ step” above it to begin a step there. The cells below belong to it, until the next step begins.'
        )}
      </p>
      <p>
        {trans.__(
          'You draw no arrows: what depends on what is read from the code.'
        )}
      </p>
      {commands.hasCommand(CommandIDs.suggest) && (
        <Button
          kind="accept"
          label={trans.__('Suggest steps')}
          onClick={() => void commands.execute(CommandIDs.suggest)}
          testid="nb2pipe-panel-suggest"
        />
      )}
    </Lesson>
  );
}

/** The message that says that a notebook is no Python notebook; null if it is one, for all that is known. */
export function otherLanguage(pipeline: INotebookPipeline): string | null {
  const problems = pipeline.analysis?.problems ?? [];
  const found = problems.find(item => item.diagnostic.code === OTHER_LANGUAGE);
  if (found) {
    return found.diagnostic.message;
  }
  const trouble = pipeline.trouble?.message;
  return trouble?.startsWith(OTHER_LANGUAGE)
    ? trouble.slice(OTHER_LANGUAGE.length).trim()
    : null;
}
