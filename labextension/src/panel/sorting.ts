/** The problems of an analysis in, groups as the panel shows them out. */

import type { Edge, Problem, Severity, StepView } from '../wire';

/** Gravest first. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** Problems of one weight, in notebook order; what has no place comes first. */
export interface IProblemGroup {
  readonly severity: Severity;
  readonly problems: readonly Problem[];
}

/** Groups that hold something. */
export function grouped(problems: readonly Problem[]): IProblemGroup[] {
  return SEVERITIES.map(severity => ({
    severity,
    problems: problems
      .filter(problem => problem.diagnostic.severity === severity)
      .map((problem, place) => ({ problem, place }))
      .sort((a, b) => byPlace(a.problem, b.problem) || a.place - b.place)
      .map(({ problem }) => problem)
  })).filter(group => group.problems.length > 0);
}

function byPlace(a: Problem, b: Problem): number {
  const [one, other] = [a.diagnostic.location, b.diagnostic.location];
  return (
    (one.cell ?? -1) - (other.cell ?? -1) || (one.line ?? 0) - (other.line ?? 0)
  );
}

/** How many problems ask for something to be done: notes do not. */
export function countOf(problems: readonly Problem[]): number {
  return problems.filter(problem => problem.diagnostic.severity !== 'note')
    .length;
}

/** What a step waits for and what waits for it, each with its edge. */
export interface INeighbours {
  readonly before: readonly Edge[];
  readonly after: readonly Edge[];
}

export function neighboursOf(
  step: string,
  edges: readonly Edge[]
): INeighbours {
  return {
    before: edges.filter(edge => edge.target === step),
    after: edges.filter(edge => edge.source === step)
  };
}

/** Step names by id. */
export function namesOf(
  steps: readonly StepView[]
): ReadonlyMap<string, string> {
  return new Map(steps.map(step => [step.id, step.name]));
}
