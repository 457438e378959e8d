import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import { lines, plain } from './ansi';

type Piece = [text: string, classes: string];
const CASES: Array<[string, string, Piece[][]]> = [
  ['plain text', 'a\nb', [[['a', '']], [['b', '']]]],
  ['nothing', '', [[]]],
  [
    'a colour',
    'a\x1b[31mb\x1b[0mc',
    [
      [
        ['a', ''],
        ['b', 'ansi-red-fg'],
        ['c', '']
      ]
    ]
  ],
  ['bold and a colour', '\x1b[1;32mok', [[['ok', 'ansi-green-fg ansi-bold']]]],
  [
    'an empty reset',
    '\x1b[31ma\x1b[mb',
    [
      [
        ['a', 'ansi-red-fg'],
        ['b', '']
      ]
    ]
  ],
  ['a bright colour', '\x1b[94ma', [[['a', 'ansi-blue-intense-fg']]]],
  ['a background', '\x1b[41ma', [[['a', 'ansi-red-bg']]]],
  [
    'a colour lasts over lines',
    '\x1b[31ma\nb',
    [[['a', 'ansi-red-fg']], [['b', 'ansi-red-fg']]]
  ],
  [
    'inverse',
    '\x1b[7ma',
    [[['a', 'ansi-default-inverse-fg ansi-default-inverse-bg']]]
  ],
  [
    'inverse with a colour',
    '\x1b[31;7ma',
    [[['a', 'ansi-default-inverse-fg ansi-red-bg']]]
  ],
  [
    'one of the first 16 of 256',
    '\x1b[38;5;9ma',
    [[['a', 'ansi-red-intense-fg']]]
  ],
  ['a progress bar', ' 10%\r100%', [[['100%', '']]]],
  ['a shorter text over a longer one', 'abcdef\rxy', [[['xycdef', '']]]],
  ['Windows line ends', 'a\r\nb', [[['a', '']], [['b', '']]]],
  ['backspace', 'ab\b\bc', [[['cb', '']]]],
  ['a movement of the cursor', 'a\x1b[2Kb\x1b[1A', [[['ab', '']]]],
  [
    'a link of a terminal',
    '\x1b]8;;http://a.test\x07text\x1b]8;;\x07',
    [[['text', '']]]
  ],
  ['half a sequence', 'a\x1b[3', [[['a3', '']]]],
  ['letters that are not shown', 'a\x00\x07b', [[['ab', '']]]],
  [
    'markup stays text',
    '<img src=x onerror=alert(1)>',
    [[['<img src=x onerror=alert(1)>', '']]]
  ],
  [
    'letters of two code units',
    '\x1b[31m\u{1F642}',
    [[['\u{1F642}', 'ansi-red-fg']]]
  ]
];

for (const [name, text, expected] of CASES) {
  test(`colours: ${name}`, () => {
    const found = lines(text).map(line =>
      line.map((piece): Piece => [piece.text, piece.classes])
    );
    deepEqual(found, expected);
  });
}

const COLOURS: Array<[string, string]> = [
  ['\x1b[38;2;1;2;300ma', 'rgb(1, 2, 255)'],
  ['\x1b[38;5;196ma', 'rgb(255, 0, 0)'],
  ['\x1b[38;5;232ma', 'rgb(8, 8, 8)'],
  ['\x1b[38:5:21ma', 'rgb(0, 0, 255)']
];
for (const [text, expected] of COLOURS) {
  test(`colours: ${JSON.stringify(text)}`, () => {
    equal(lines(text)[0]?.[0]?.color, expected);
  });
}

test('colours: plain text of a traceback', () => {
  equal(plain('\x1b[0;31mValueError\x1b[0m: no\nline'), 'ValueError: no\nline');
});
