/** An analysis and its drawing in, React Flow's nodes and edges out. */

import { type Edge as FlowEdge, type Node, Position } from '@xyflow/react';

import type { Analysis, Edge, StepView } from '../wire';
import {
  type Direction,
  type IDrawing,
  type IPoint,
  headOf,
  lineId,
  middleOf,
  pathOf,
  shortened
} from './layout';

export type StepNodeType = Node<{ step: StepView }, 'step'>;
export type LineType = FlowEdge<
  { edge: Edge; path: string; head: string; middle: IPoint },
  'line'
>;

/** Places and sizes are given, so that nothing is measured and what is off the screen need not be there. */
export function elementsOf(
  analysis: Pick<Analysis, 'steps' | 'edges'>,
  drawing: IDrawing,
  direction: Direction
): { nodes: StepNodeType[]; edges: LineType[] } {
  const nodes: StepNodeType[] = [];
  for (const step of analysis.steps) {
    const box = drawing.boxes.get(step.id);
    if (box) {
      const { x, y, width, height } = box;
      const handles = handlesOf(width, height, direction);
      nodes.push({
        id: step.id,
        type: 'step',
        position: { x, y },
        width,
        height,
        handles,
        data: { step }
      });
    }
  }
  const edges: LineType[] = [];
  for (const edge of analysis.edges) {
    const points = drawing.lines.get(lineId(edge));
    if (points) {
      const data = {
        edge,
        path: pathOf(shortened(points, direction), direction),
        head: headOf(points, direction),
        middle: middleOf(points)
      };
      const { source, target } = edge;
      edges.push({ id: lineId(edge), type: 'line', source, target, data });
    }
  }
  return { nodes, edges };
}

function handlesOf(width: number, height: number, direction: Direction) {
  const size = { width: 1, height: 1 };
  return direction === 'down'
    ? [
        {
          ...size,
          type: 'target' as const,
          position: Position.Top,
          x: width / 2,
          y: 0
        },
        {
          ...size,
          type: 'source' as const,
          position: Position.Bottom,
          x: width / 2,
          y: height
        }
      ]
    : [
        {
          ...size,
          type: 'target' as const,
          position: Position.Left,
          x: 0,
          y: height / 2
        },
        {
          ...size,
          type: 'source' as const,
          position: Position.Right,
          x: width,
          y: height / 2
        }
      ];
}
