# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Tests patches as commits, made from one another byte for byte."""

import os
import posixpath

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st

from tfmot_contrib import errors
from tools.base import git
from tools.mirror import patches
from tools.mirror import series
from tools.mirror import testing
from tools.mirror import tree

# What upstream's .gitattributes say must not change a byte.
_ATTRIBUTES = 'official/.gitattributes'
_NAMES = (
    'official/a.py',
    'official/b c.py',
    'official/é/中 文.txt',
    'official/A.py',
    'official/deep/er/x',
    'official/deep',
    'official/-x',
    'official/[a]*?.py',
    "official/it's; rm",
    'official/:(top)x',
    'orbit/loop.py',
    _ATTRIBUTES,
)
_LINES = (
    'a = 1',
    'b = 2  ',
    '\tc',
    '',
    'é 中',
    'def f():\r',
    '\r',
    '\f',
    '--- a/official/a.py',
    '+++ b/official/a.py',
    '-- ',
    '@@ -1 +1 @@',
    'diff --git a/official/a.py b/official/a.py',
    'index 1234567..89abcde 100644',
    'GIT binary patch',
    '\\ No newline at end of file',
    'rename from official/a.py',
    '<<<<<<< ours',
    '* text eol=crlf -diff',
    '* diff=python binary ident',
    '\udcff',  # A byte that is no UTF-8.
)
_CONTENTS = st.one_of(
    st.builds(
        lambda lines, end: os.fsencode('\n'.join(lines) + end),
        st.lists(st.sampled_from(_LINES), max_size=8),
        st.sampled_from(['', '\n', '\r\n']),
    ),
    st.sampled_from([b'', b'\0', bytes(range(256)), b'\0x\n' * 9]),
)
_ENTRIES = st.builds(
    tree.Entry, st.sampled_from([tree.FILE, tree.EXECUTABLE]), _CONTENTS
) | st.sampled_from([tree.Entry(tree.LINK, to) for to in (b'keep/me', b'keep')])
_OPERATIONS = st.tuples(
    st.sampled_from(['put', 'put', 'append', 'delete', 'move', 'chmod']),
    st.sampled_from(_NAMES),
    st.sampled_from(_NAMES),
    _ENTRIES,
)
_MESSAGES = st.tuples(
    st.sampled_from(['A', 'A. B. C', 'Ünï 中', 'x, y', "O'Neil"]),
    st.sampled_from(
        ['a: b', '[x] y', 'é', '#x', 'Reason: x', '---', 'Revert "a"']
    ),
    st.sampled_from(sorted(patches.REASONS)),
    st.sampled_from([patches.NOT_REPORTED, 'a/b#1', 'https://x.example/?é']),
    st.lists(
        st.sampled_from([
            '',
            '  x',
            '#',
            '-',
            'Reason: x',
            'Patch: y',
            '---x',
            '> --',
            'é\u2028',
        ]),
        max_size=6,
    )
    .map('\n'.join)
    .map(patches.tidy_body),
)


def _clash(one, other):
  one, other = f'{one.lower()}/', f'{other.lower()}/'
  return one.startswith(other) or other.startswith(one)


def _edited(files, operations):
  """Returns a tree after some edits; official/keep/me is not among them."""
  files = dict(files)
  for what, name, other, entry in operations:
    if what == 'put':
      if posixpath.dirname(name) != 'official':
        entry = entry._replace(mode=tree.FILE)  # A link would lead nowhere.
      files[name] = entry
    elif name not in files:
      continue
    elif what == 'delete':
      del files[name]
    elif files[name].mode == tree.LINK:
      continue
    elif what == 'append':
      files[name] = files[name]._replace(data=files[name].data + entry.data)
    elif what == 'move':
      files[other] = files.pop(name)
    elif what == 'chmod':
      files[name] = files[name]._replace(mode=tree.EXECUTABLE)
    new = other if what == 'move' else name
    files = {
        name: entry
        for name, entry in files.items()
        if name == new or not _clash(name, new)
    }
  return files


def _files(**contents):
  """Returns a tree of files in official/."""
  return {
      f'official/{name}': tree.Entry(tree.FILE, content.encode())
      for name, content in contents.items()
  }


class RoundTripTest(testing.SeriesTestCase):

  @hypothesis.settings(
      deadline=None,
      derandomize=True,
      database=None,
      max_examples=20,
      suppress_health_check=list(hypothesis.HealthCheck),
  )
  @hypothesis.given(
      st.lists(_OPERATIONS, max_size=8),
      st.lists(
          st.tuples(st.lists(_OPERATIONS, min_size=1, max_size=4), _MESSAGES),
          min_size=1,
          max_size=4,
      ),
  )
  def test_trees_to_patches_to_commits_to_patches(self, start, steps):
    states = [_edited(_files(**{'keep/me': 'x\n'}), start)]
    messages = []
    for operations, message in steps:
      files = _edited(states[-1], operations)
      if files != states[-1]:
        states.append(files)
        messages.append(message)
    for files in states:
      tree.check(files, 'here')
    made = self.make(states, messages)
    for patch in made:
      text = patches.format_patch(patch)
      self.assertEqual(patches.parse(patch.name, text), patch)
    for end in range(len(states)):
      self.assertEqual(patches.apply(states[0], made[:end]), states[end])
    folder, again = (self.create(states[0], made) for _ in range(2))
    self.assertEqual(series.read(folder, 'old'), made)
    self.assertEqual(git.read_tree(folder, 'HEAD'), states[-1])
    heads = {
        git.text(f, 'rev-parse', 'HEAD', what='x') for f in (folder, again)
    }
    self.assertLen(heads, 1)

  def test_diff_has_one_line_of_context_and_no_objects(self):
    old = _files(a='a\n' * 9, b='\0')
    new = _files(a='a\n' * 4 + 'b\n' + 'a\n' * 4, b='\0\0')
    text, binary = self.make([old, new])[0].diff.split(b'diff --git ')[1:]
    self.assertEqual(
        text,
        b'a/official/a b/official/a\n--- a/official/a\n'
        b'+++ b/official/a\n@@ -4,3 +4,3 @@ a\n a\n-a\n+b\n a\n',
    )
    self.assertIn(b'\nindex ', binary)

  def test_offset_is_mended_and_no_fuzz(self):
    old = _files(a=''.join(f'{i}\n' for i in range(9)))
    new = _files(a=''.join(f'{i}\n' for i in [*range(5), 'five', 6, 7, 8]))
    patch = self.make([old, new])[0]
    moved = patch._replace(diff=patch.diff.replace(b'-5,3 +5,3', b'-4,3 +4,3'))
    with self.assertRaisesRegex(errors.InputError, 'patches refresh'):
      patches.apply(old, [moved])
    self.assertEqual(series.read(self.create(old, [moved]), 'old'), [patch])
    wrong = patch._replace(diff=patch.diff.replace(b'-5\n', b'-x\n'))
    with self.assertRaisesRegex(errors.InputError, '0001-x.patch does not'):
      self.create(old, [wrong])

  @parameterized.parameters(
      'From: Else <else@b.example>',
      'Subject: else',
      'diff -u a b',
      '--- a',
      'Index: x',
  )
  def test_text_that_git_reads_otherwise_is_refused(self, line):
    old, new = _files(a='a\n'), _files(a='b\n')
    patch = self.make([old, new])[0]._replace(body=line)
    with self.assertRaisesRegex(errors.InputError, '0001-x.patch'):
      self.create(old, [patch])


class MessageTest(testing.SeriesTestCase):

  def read(self, message):
    folder = self.create(_files(a='a\n'))
    (folder / 'official/a').unlink()
    self.commit(folder, message)
    return series.read(folder, 'old')

  def test_commit_by_hand(self):
    (patch,) = self.read(
        'do it\n\nWhy.\n\nUpstream: a/b#1\nReason: temporary\n'
    )
    author = 'A. Uthor <x@y.example>'
    self.assertEqual(
        patch[:-1],
        ('0001-do-it.patch', author, 'do it', 'temporary', 'a/b#1', 'Why.'),
    )
    self.assertIn(b'deleted file mode', patch.diff)

  _TRAILERS = '\nReason: temporary\nUpstream: a/b#1\n'

  @parameterized.named_parameters(
      (
          'no_reason',
          'x\n\nUpstream: a/b#1\n',
          r'\(x\) needs a line "Reason: …"',
      ),
      ('no_upstream', 'x\n\nReason: temporary\n', 'needs a line "Upstream: …"'),
      ('not_last', f'x\n{_TRAILERS}\nmore\n', 'needs a line "Reason'),
      ('bad_reason', 'x\n\nReason: y\nUpstream: a/b#1\n', "Reason is 'y'"),
      ('empty', '', 'needs a line "Reason: …"'),
      ('no_subject', _TRAILERS[1:], 'needs a subject'),
      ('long_subject', f'one\ntwo\n{_TRAILERS}', r'\(one\) needs a subject of'),
      ('tab', f'x\n\na\tb\n{_TRAILERS}', 'control characters'),
      ('crlf', f'x\r\n\r\na\r\n{_TRAILERS}', 'needs a subject of'),
      ('diff', f'x\n\n---\n{_TRAILERS}', 'line that begins a diff'),
      ('bad_name', f'x\n{_TRAILERS}Patch: ../x\n', 'is named like'),
  )
  def test_message_that_is_no_patch_is_refused(self, message, why):
    with self.assertRaisesRegex(errors.InputError, why) as caught:
      self.read(message)
    self.assertNotIn('\n', str(caught.exception))

  def test_empty_commit_is_refused(self):
    folder = self.create(_files(a='a\n'))
    self.commit(folder, f'x\n{self._TRAILERS}')
    with self.assertRaisesRegex(errors.InputError, 'changes nothing'):
      series.read(folder, 'old')

  def test_merge_is_refused(self):
    folder = self.create(_files(a='a\n'), side=_files(a='b\n'))
    command = ['merge', '-q', '--no-ff', '-m', 'x', 'side']
    git.run(folder, *command, what='merging')
    with self.assertRaisesRegex(errors.InputError, 'is a merge: rebase'):
      series.read(folder, 'old')


if __name__ == '__main__':
  absltest.main()
