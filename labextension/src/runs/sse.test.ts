import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';

import { MessageReader, pause } from './sse';

const CASES: Array<[string, string, Array<[string, string, string]>]> = [
  [
    'one message',
    'event: news\nid: 4\ndata: {"a":1}\n\n',
    [['news', '4', '{"a":1}']]
  ],
  [
    'lines end with CR LF',
    'event: news\r\nid: 4\r\ndata: x\r\n\r\n',
    [['news', '4', 'x']]
  ],
  ['lines end with CR', 'data: x\r\rdata: y\r\r', [['message', '', 'x']]],
  [
    'data of several lines',
    'data: a\ndata:b\ndata:  c\n\n',
    [['message', '', 'a\nb\n c']]
  ],
  ['a heartbeat is no message', ': still here\n\n', []],
  ['a message without data is none', 'event: news\nid: 3\n\n', []],
  [
    'an id lasts until the next one',
    'id: 1\ndata: a\n\ndata: b\n\n',
    [
      ['message', '1', 'a'],
      ['message', '1', 'b']
    ]
  ],
  [
    'an id with NUL is not taken',
    'id: 1\0\ndata: a\n\n',
    [['message', '', 'a']]
  ],
  ['a byte order mark', '\ufeffdata: a\n\n', [['message', '', 'a']]],
  ['unknown fields', 'retry: 10\nfoo\ndata: a\n\n', [['message', '', 'a']]],
  ['half a message', 'data: a\n', []],
  [
    'letters beyond ASCII',
    'data: épée 数据 \u{1F642}\n\n',
    [['message', '', 'épée 数据 \u{1F642}']]
  ]
];

for (const [name, text, expected] of CASES) {
  const messages = expected.map(([event, id, data]) => ({ event, id, data }));
  test(`stream: ${name}`, () => {
    deepEqual(new MessageReader().push(text), messages);
  });
  test(`stream, cut at each place: ${name}`, () => {
    for (let cut = 0; cut <= text.length; cut++) {
      const reader = new MessageReader();
      const found = [
        ...reader.push(text.slice(0, cut)),
        ...reader.push(text.slice(cut))
      ];
      deepEqual(found, messages, `cut at ${cut}`);
    }
  });
}

test('stream: letter by letter', () => {
  const reader = new MessageReader();
  const text = 'event: news\r\nid: 7\r\ndata: a\r\ndata: b\r\n\r\n';
  const found = [...text].flatMap(letter => reader.push(letter));
  deepEqual(found, [{ event: 'news', id: '7', data: 'a\nb' }]);
});

test('pauses grow, stay within bounds and are spread', () => {
  equal(pause(0, 1), 500);
  equal(pause(0, 0), 250);
  ok(pause(3, 0) > pause(1, 0));
  equal(pause(50, 1), 30_000);
  equal(pause(50, 0), 15_000);
});
