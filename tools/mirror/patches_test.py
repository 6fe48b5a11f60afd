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

"""Tests patches: as git writes them, applied exactly, made of commits."""

import os
import pathlib
import tempfile

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st

from tfmot_contrib import errors
from tools.base import git
from tools.env import bootstrap
from tools.mirror import patches
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
)
_OPERATIONS = st.tuples(
    st.sampled_from(['put', 'put', 'append', 'delete', 'move', 'chmod']),
    st.sampled_from(_NAMES),
    st.sampled_from(_NAMES),
    _ENTRIES,
)
_MESSAGES = st.tuples(
    st.sampled_from(['A', 'A. B. C', 'Ünï 中', 'x, y', "O'Neil"]),
    st.sampled_from(['a: b', '[x] y', 'é', '#x', 'long ' * 30, 'Revert "a"']),
    st.lists(
        st.sampled_from(
            ['', '  x', '#', '-', '---x', '> --', 'é\u2028', 'From x']
        ),
        max_size=6,
    )
    .map('\n'.join)
    .map(str.strip),
    st.sampled_from(sorted(patches.REASONS)),
    st.sampled_from([patches.NOT_REPORTED, 'a/b#1', 'https://x.example/?é']),
)
_TRAILERS = '\nReason: temporary\nUpstream: a/b#1\n'


def _clash(one, other):
  one, other = f'{one.lower()}/', f'{other.lower()}/'
  return one.startswith(other) or other.startswith(one)


def _edited(files, operations):
  """Returns a tree after some edits; official/keep/me is not among them."""
  files = dict(files)
  for what, name, other, entry in operations:
    if what == 'put':
      files[name] = entry
    elif name not in files:
      continue
    elif what == 'delete':
      del files[name]
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


def _quoted(name):
  """Returns a diff that makes a file, with its name as git quotes it."""
  return (
      f'diff --git "a/official/{name}" "b/official/{name}"\n'
      f'new file mode 100644\n--- /dev/null\n+++ "b/official/{name}"\n'
      '@@ -0,0 +1 @@\n+x\n'
  ).encode()


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
    made = self.make(states, messages)
    for end in range(len(states)):
      self.assertEqual(patches.apply(states[0], made[:end]), states[end])
    folder = self.create(states[0], made)
    self.assertEqual(patches.read(folder, 'old'), made)

  def test_diff_has_one_line_of_context_and_no_objects(self):
    old = _files(a='a\n' * 9, b='\0')
    new = _files(a='a\n' * 4 + 'b\n' + 'a\n' * 4, b='\0\0')
    content = self.make([old, new])[0].content
    text, binary = content.split(b'diff --git ')[1:]
    self.assertEqual(
        text,
        b'a/official/a b/official/a\n--- a/official/a\n'
        b'+++ b/official/a\n@@ -4,3 +4,3 @@ a\n a\n-a\n+b\n a\n',
    )
    self.assertIn(b'\nindex ', binary)

  @parameterized.parameters(
      'From: Else <else@b.example>', '---', 'diff -u a b', 'Index: x'
  )
  def test_text_that_git_reads_otherwise_is_refused(self, line):
    patch = testing.patch_of(testing.EDIT)
    content = patch.content.replace(b'Why it is', line.encode())
    files = _files(**{'a.py': ''.join(f'line {i}\n' for i in range(20))})
    self.create(files, [patch])
    with self.assertRaisesRegex(errors.InputError, '0001-x.patch'):
      self.create(files, [patch._replace(content=content)])


class ParseTest(parameterized.TestCase):

  def test_parts(self):
    patch = testing.patch_of(testing.EDIT)
    self.assertEqual(
        patch[:-1], ('0001-x.patch', 'x', 'temporary', 'tensorflow/models#12')
    )

  def test_series_of_the_fork(self):
    series = patches.load(bootstrap.ROOT / 'official/patches')
    self.assertNotEmpty(series)

  @parameterized.parameters(
      '1-a.patch', '0001-.patc', '0001_a.patch', '../0001-a.patch', 'README.md'
  )
  def test_bad_file_name_is_refused(self, name):
    with self.assertRaisesRegex(errors.InputError, 'is named like 0001-name'):
      patches.parse(name, testing.HEAD + testing.EDIT)

  @parameterized.parameters(
      (testing.EDIT, b'', 'changes nothing'),
      (b'diff --git', b'diff -u', 'changes nothing'),
      (b'\n', b'\r\n', 'needs a line "Subject: '),
      (b'Subject: x', b'Subject: ', 'needs a line "Subject: '),
      (b'Subject: x', b'Subject: \xff\x1b', 'needs a line "Subject: '),
      (b'Reason: temporary\n', b'', "needs a line \"Reason: .* not ''"),
      (b'temporary', b'because', "needs a line \"Reason: .* not 'because'"),
      (b'Upstream', b'upstream', 'needs a line "Upstream: '),
      (b'tensorflow/models#12', b'#12', "Upstream: .* not '#12'"),
      (b'tensorflow/models#12', b'ftp://x', 'Upstream: '),
      (b'tensorflow/models#12', b'https://\x1b', 'Upstream: '),
  )
  def test_bad_text_is_refused(self, old, new, why):
    text = testing.HEAD + testing.EDIT
    self.assertIn(old, text)
    with self.assertRaisesRegex(errors.InputError, why) as caught:
      patches.parse('0001-x.patch', text.replace(old, new))
    told = str(caught.exception)
    self.assertStartsWith(told, '0001-x.patch')
    self.assertTrue(told.isprintable(), told)

  def test_load(self):
    folder = pathlib.Path(self.create_tempdir().full_path) / 'patches'
    self.assertEqual(patches.load(folder), [])
    for name in ('0010-a', '0002-b', '0001-c'):
      text = testing.HEAD.replace(b': x', b': ' + name.encode())
      testing.write(folder, {f'{name}.patch': text + testing.EDIT})
    names = [patch.name[:4] for patch in patches.load(folder)]
    self.assertEqual(names, ['0001', '0002', '0010'])
    testing.write(folder, {'0003-d.patch': text + testing.EDIT})
    with self.assertRaisesRegex(errors.InputError, '0001.* and 0003.* one sub'):
      patches.load(folder)
    (folder / '0004-e.patch').mkdir()
    with self.assertRaisesRegex(errors.InputError, 'cannot read .*0004-e'):
      patches.load(folder)


class CommitTest(testing.SeriesTestCase):

  def read(self, message):
    folder = self.create(_files(a='a\n'))
    (folder / 'official/a').unlink()
    self.commit(folder, message)
    return patches.read(folder, 'old')

  def test_commit_by_hand(self):
    (patch,) = self.read(f'do it\n\nWhy.\n{_TRAILERS}')
    self.assertEqual(
        patch[:-1], ('0001-do-it.patch', 'do it', 'temporary', 'a/b#1')
    )
    self.assertIn(b'deleted file mode', patch.content)

  @parameterized.parameters(
      ('x\n\nUpstream: a/b#1\n', 'needs a line "Reason: …"'),
      ('x\n\nReason: temporary\n', 'needs a line "Upstream: …"'),
      ('x\n\nReason: y\nUpstream: a/b#1\n', "not 'y'"),
      ('', 'is named like'),
  )
  def test_message_that_is_no_patch_is_refused(self, message, why):
    with self.assertRaisesRegex(errors.InputError, why) as caught:
      self.read(message)
    self.assertNotIn('\n', str(caught.exception))

  def test_empty_commit_is_refused(self):
    folder = self.create(_files(a='a\n'))
    self.commit(folder, f'x\n{_TRAILERS}')
    with self.assertRaisesRegex(errors.InputError, 'changes nothing'):
      patches.read(folder, 'old')

  def test_merge_is_refused(self):
    folder = self.create(_files(a='a\n'), side=_files(a='b\n'))
    command = ['merge', '-q', '--no-ff', '-m', 'x', 'side']
    git.run(folder, *command, what='merging')
    with self.assertRaisesRegex(errors.InputError, 'is a merge: rebase'):
      patches.read(folder, 'old')


class ApplyTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.scratch = pathlib.Path(scratch.name)
    self.enter_context(
        absltest.mock.patch.object(tempfile, 'tempdir', str(self.scratch))
    )
    self.files = {
        name: tree.Entry(tree.FILE, text.encode())
        for name, text in {
            'official/a.py': ''.join(f'line {i}\n' for i in range(20)),
            'official/b.py': 'b = 1\n',
            'official/deep/c.py': 'c = 1\n',
            'orbit/d.py': 'd = 1\n',
        }.items()
    }

  def apply(self, *diffs):
    try:
      return patches.apply(
          self.files,
          [testing.patch_of(diff, at) for at, diff in enumerate(diffs, 1)],
      )
    finally:  # Nothing is left, inside or beside the folder of the tree.
      self.assertEqual(list(self.scratch.iterdir()), [])

  def refused(self, why, *diffs):
    """Checks that patches are refused by a line that says why."""
    with self.assertRaisesRegex(errors.InputError, why) as caught:
      self.apply(*diffs)
    self.assertNotIn('\n', str(caught.exception))

  def test_exact(self):
    found = self.apply(testing.EDIT)
    text = self.files['official/a.py'].data.replace(b' 5', b' five')
    self.assertEqual(found.pop('official/a.py').data, text)
    del self.files['official/a.py']
    self.assertEqual(found, self.files)

  def test_no_patch(self):
    self.assertEqual(self.apply(), self.files)

  def test_patches_build_on_one_another(self):
    again = testing.EDIT.replace(b'+line five', b'+line cinq')
    again = again.replace(b'-line 5', b'-line five')
    found = self.apply(testing.EDIT, again)
    self.assertIn(b'line cinq\n', found['official/a.py'].data)
    self.refused('0001-x.patch does not apply', again, testing.EDIT)
    self.refused('0002-xx.patch does not apply', testing.EDIT, testing.EDIT)

  @parameterized.parameters(2, 4, 6, 15)
  def test_offset_is_refused_with_the_command_that_mends_it(self, line):
    moved = testing.EDIT.replace(b'-5,3 +5,3', b'-%d,3 +%d,3' % (line, line))
    self.refused('0001-x.patch applies, but not at .* patches refresh', moved)

  @parameterized.parameters(
      (b' line 4', b' line 3'),
      (b' line 6', b' line 6 '),
      (b'-line 5', b'-line five'),
      (b' line 4', b' LINE 4'),
      (b'official/a.py', b'official/gone.py'),
      (b'@@ -5,3 +5,3 @@', b'@@ -5,2 +5,3 @@'),
      (b'@@ -5,3 +5,3 @@', b'@@ nonsense @@'),
  )
  def test_no_fuzz(self, old, new):
    self.refused(
        '0001-x.patch does not apply: ', testing.EDIT.replace(old, new)
    )

  def test_message_names_the_place(self):
    bad = testing.EDIT.replace(b' line 4', b' line 3')
    self.refused('not apply: patch failed: official/a.py:5; official', bad)
    self.refused(
        'not apply: official/b.py: already', testing.new_file('official/b.py')
    )

  @parameterized.parameters(
      '../x',
      '../../x',
      'official/../../x',
      '.git/config',
      'official/.git/hooks/post-checkout',
      'official/.GIT/x',
      '/etc/x',
      'official/./x',
  )
  def test_file_outside_is_refused(self, name):
    self.refused('0001-x.patch does not apply: ', testing.new_file(name))

  @parameterized.parameters(
      ('rename from official/b.py\nrename to ../x\n', '../x'),
      ('copy from official/b.py\ncopy to .git/x\n', '.git/x'),
      ('rename from ../x\nrename to official/x\n', 'official/x'),
  )
  def test_rename_or_copy_outside_is_refused(self, lines, to):
    diff = f'diff --git a/official/b.py b/{to}\nsimilarity index 100%\n{lines}'
    self.refused('0001-x.patch does not apply: ', diff.encode())

  def test_link_is_refused(self):
    link = testing.new_file('official/l', 'b.py', '120000')
    self.refused('the patched tree: official/l is a link', link)
    self.refused(
        '0002-xx.patch does not apply', link, testing.new_file('official/l/x')
    )

  @parameterized.parameters('official/A.py', 'official/Deep/x', 'official/deep')
  def test_clash_is_refused(self, name):
    self.refused(
        'the patched tree: .*case|does not apply', testing.new_file(name)
    )

  @parameterized.parameters(r'x\\y', r'x\"y', r'x\ty', r'x\377', r'x\ny')
  def test_name_that_git_has_to_quote_is_refused(self, name):
    self.refused('the path .* has a|as git writes it', _quoted(name))


if __name__ == '__main__':
  absltest.main()
