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
import pathlib
import posixpath
import tempfile

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st

from tfmot_contrib import errors
from tools.base import git
from tools.mirror import patches
from tools.mirror import series
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


class SeriesTestCase(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.scratch = pathlib.Path(scratch.name).resolve()

  def folder(self):
    return pathlib.Path(tempfile.mkdtemp(dir=self.scratch))

  def create(self, files, made=(), **more):
    """Returns the repository of a series."""
    folder = self.folder()
    series.create(folder, {'old': files, **more}, made)
    return folder

  def commit(self, folder, text, author='A. Uthor <x@y.example>'):
    """Commits all files of a repository, with a message as it is."""
    command = ['commit', '-q', '--allow-empty', '--cleanup=verbatim']
    command += ['--allow-empty-message', '--author', author, '-F', '-']
    text = text if isinstance(text, bytes) else text.encode()
    git.run(folder, 'add', '-A', what='adding')
    git.run(folder, *command, what='committing', stdin=text)

  def make(self, states, messages=()):
    """Returns the patches that lead from one tree to the next ones."""
    branches = {f's{at}': files for at, files in enumerate(states)}
    folder = self.create(states[0], **branches)
    for at in range(1, len(states)):
      message = ('A. Uthor', 'x', 'temporary', patches.NOT_REPORTED, '')
      author, *rest = messages[at - 1] if messages else message
      author = f'{author} <x@y.example>'
      patch = patches.Patch(f'{at:04d}-x.patch', author, *rest, b'')
      git.run(folder, 'read-tree', '-u', '--reset', f's{at}', what='x')
      self.commit(folder, series.message(patch), author)
    return series.read(folder, 'old')


class RoundTripTest(SeriesTestCase):

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


class MessageTest(SeriesTestCase):

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
      ('trailers_not_last', f'x\n{_TRAILERS}\nmore\n', 'needs a line "Reason'),
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


_BASE = ''.join(f'line_{i} = {i}\n' for i in range(20))
_OURS = _BASE.replace('line_9 = 9', 'line_9 = f(9, 99)')
_THEIRS = _BASE.replace('line_9 = 9', 'line_9 = f(\n    9,\n    99,\n)')
_MOVED = f'# new\n{_BASE}'


def _tree(files):
  """Returns a tree of files in official/, or of the one file a.py."""
  if not isinstance(files, dict):
    files = {'a.py': files}
  made = {}
  for name, entry in files.items():
    entry = entry.encode() if isinstance(entry, str) else entry
    if isinstance(entry, bytes):
      entry = tree.Entry(tree.FILE, entry)
    made[f'official/{name}'] = entry
  return made


def _executable(text):
  return tree.Entry(tree.EXECUTABLE, text.encode())


class RebaseTestCase(SeriesTestCase):

  def rebase(self, old, new, *edits):
    """Rebases the patches that lead from `old` over `edits` onto `new`."""
    self.series = self.make(list(map(_tree, (old, *edits))))
    self.new = _tree(new)
    self.repository = self.create(_tree(old), self.series, new=self.new)
    return series.rebase(self.repository)

  def finish(self):
    """Returns patches and files; the patches make the files."""
    self.assertFalse(series.in_conflict(self.repository))
    kept = series.read(self.repository, 'new')
    files = git.read_tree(self.repository, 'HEAD')
    self.assertEqual(patches.apply(self.new, kept), files)
    return kept, files

  def rebased(self, *args):
    self.assertEqual(self.rebase(*args), [])
    return self.finish()


class RebaseTest(RebaseTestCase):

  def test_no_patch(self):
    self.assertEqual(self.rebased('a\n', 'b\n'), ([], _tree('b\n')))

  def test_clean(self):
    old, new = {'a.py': _BASE, 'b': 'x\n'}, {'a.py': _BASE, 'b': 'y\n'}
    kept, _ = self.rebased(old, new, {'a.py': _OURS, 'b': 'x\n'})
    self.assertEqual(kept, self.series)

  def test_lines_that_moved(self):
    kept, files = self.rebased(_BASE, _MOVED, _OURS)
    self.assertLen(kept, 1)
    self.assertNotEqual(kept, self.series)
    self.assertEqual(files, _tree(f'# new\n{_OURS}'))
    self.assertIn(b'@@ -9,3 +9,3 @@', self.series[0].diff)
    self.assertIn(b'@@ -10,3 +10,3 @@', kept[0].diff)
    self.assertEqual(kept[0][:-1], self.series[0][:-1])

  def test_line_in_the_head_of_a_hunk_that_changed(self):
    new = _BASE.replace('line_7 = 7', 'line_7 = 0')
    kept, _ = self.rebased(_BASE, new, _OURS)
    self.assertLen(kept, 1)
    self.assertNotEqual(kept, self.series)
    head = b'@@ -9,3 +9,3 @@ line_7 = '
    self.assertEqual(
        kept[0].diff, self.series[0].diff.replace(head + b'7', head + b'0')
    )

  def test_file_that_upstream_renamed(self):
    kept, files = self.rebased(_BASE, {'n.py': _MOVED}, _OURS)
    self.assertLen(kept, 1)
    self.assertNotEqual(kept, self.series)
    self.assertEqual(files, _tree({'n.py': f'# new\n{_OURS}'}))
    self.assertEqual(patches.files(kept[0]), ['official/n.py'])

  def test_file_that_the_patch_renamed(self):
    kept, files = self.rebased(_BASE, _MOVED, {'b.py': _OURS})
    self.assertLen(kept, 1)
    self.assertNotEqual(kept, self.series)
    self.assertEqual(files, _tree({'b.py': f'# new\n{_OURS}'}))
    self.assertIn(b'rename to official/b.py\n', kept[0].diff)

  def test_new_file_in_a_folder_that_upstream_renamed_stays(self):
    old, new = {'one/a': _BASE, 'one/b': _OURS}, {
        'two/a': _BASE,
        'two/b': _OURS,
    }
    kept, _ = self.rebased(old, new, {**old, 'one/c': 'c\n'})
    self.assertEqual(kept, self.series)

  def test_absorbed(self):
    later = _OURS.replace('line_1 =', 'one =')
    kept, _ = self.rebased(_BASE, f'# new\n{_OURS}', _OURS, later)
    self.assertEqual([patch.name for patch in kept], ['0002-x.patch'])

  def test_absorbed_new_file(self):
    both = {'a.py': _BASE, 'b.py': 'b = 1\n'}
    self.assertEqual(self.rebased(_BASE, both, both)[0], [])

  def test_absorbed_by_half(self):
    both = _OURS.replace('line_1 =', 'one =')
    kept, files = self.rebased(_BASE, _OURS, both)
    self.assertLen(kept, 1)
    self.assertNotEqual(kept, self.series)
    self.assertEqual(files, _tree(both))
    self.assertNotIn(b'+line_9', kept[0].diff)

  def test_absorbed_in_another_layout(self):
    kept, files = self.rebased(_BASE, _THEIRS, _OURS)
    self.assertEqual(kept, [])
    self.assertEqual(files, self.new)

  def test_absorbed_in_another_layout_but_for_the_rest(self):
    edit = {'a.py': _executable(_OURS.replace('line_1 =', 'one ='))}
    kept, files = self.rebased(_BASE, _THEIRS, edit)
    self.assertLen(kept, 1)
    self.assertNotEqual(kept, self.series)
    # The mode did not conflict, nor did the other line.
    expected = _executable(_THEIRS.replace('line_1 =', 'one ='))
    self.assertEqual(files, _tree({'a.py': expected}))
    self.assertNotIn(b'99', kept[0].diff)

  def test_two_files_in_another_layout(self):
    old, new, edit = (
        {'a.py': text, 'b c.py': text, 'é.py': text}
        for text in (_BASE, _THEIRS, _OURS)
    )
    self.assertEqual(self.rebased(old, new, edit)[0], [])

  @parameterized.named_parameters(
      ('values', 'a.py', 'f(9, 99)', 'f(9, 98)'),
      ('no_python', 'a.txt', 'f(9, 99)', 'f(9,99)'),
      ('no_syntax', 'a.py', 'f(9, 99', 'f(9,99'),
      ('comments', 'a.py', '9  # Ours.', '9  # Theirs.'),
      ('comment_or_none', 'a.py', 'f(9)  # type: ignore', 'f( 9 )'),
      ('binary', 'a.py', 'f(9, 99)  # \0', 'f(9,99)  # \0'),
      ('deep', 'a.py', '+'.join('1' * 3000), f'({"+".join("1" * 3000)})'),
      ('no_utf_8', 'a.py', '"\udcff"', '( "\udcff" )'),
  )
  def test_conflict_in_a_file(self, name, ours, theirs):
    old, edit, new = (
        {name: _BASE.replace('= 9', f'= {v}').encode(errors='surrogateescape')}
        for v in ('9', ours, theirs)
    )
    self.assertEqual(self.rebase(old, new, edit), [f'official/{name}'])
    self.assertEqual(git.read_tree(self.repository, 'HEAD'), self.new)

  @parameterized.named_parameters(
      (
          'upstream_deleted',
          {'a.py': _BASE, 'b': ''},
          {'b': ''},
          {'a.py': _OURS},
      ),
      ('patch_deleted', {'a.py': _BASE, 'b': ''}, {'a.py': _OURS}, {'b': ''}),
      ('both_added', {'b': ''}, {'a.py': 'x=1\n'}, {'a.py': 'x = 1\n'}),
  )
  def test_conflict_about_a_file(self, old, new, edit):
    self.assertEqual(self.rebase(old, new, edit), ['official/a.py'])
    self.assertEqual(git.read_tree(self.repository, 'HEAD'), self.new)

  def test_one_file_in_another_layout_and_one_in_conflict(self):
    old, edit = {'a.py': _BASE, 'b': _BASE}, {'a.py': _OURS, 'b': _OURS}
    conflicts = self.rebase(old, {'a.py': _THEIRS, 'b': _THEIRS}, edit)
    self.assertEqual(conflicts, ['official/a.py', 'official/b'])

  @parameterized.parameters(
      '* -merge', '* merge=ours', '* eol=crlf text', '* -diff'
  )
  def test_attributes_of_upstream_do_not_count(self, line):
    old, new, edit = (
        {'a.py': text, '.gitattributes': f'{line}\n'}
        for text in (_BASE, _MOVED, _OURS)
    )
    kept, files = self.rebased(old, new, edit)
    self.assertLen(kept, 1)
    self.assertNotEqual(kept, self.series)
    self.assertEqual(files['official/a.py'].data.decode(), f'# new\n{_OURS}')
    self.assertIn(b'@@ -10,3 +10,3 @@', kept[0].diff)


class ConflictTest(RebaseTestCase):

  def setUp(self):
    super().setUp()
    one = _BASE.replace('line_17 =', 'last =')
    two = one.replace('line_9 = 9', 'line_9 = 1')
    three = two.replace('line_1 =', 'one =')
    theirs = _BASE.replace('line_9 = 9', 'line_9 = 2')
    self.wanted = three.replace('line_9 = 1', 'line_9 = 3')
    states = (_BASE, theirs, one, two, three)
    attributes = {'.gitattributes': '* conflict-marker-size=3\n'}
    conflicts = self.rebase(*({'a.txt': s, **attributes} for s in states))
    self.assertEqual(conflicts, ['official/a.txt'])
    self.path = self.repository / 'official/a.txt'

  def git(self, *arguments):
    git.run(self.repository, *arguments, what='resolving')

  def refused(self, why):
    with self.assertRaisesRegex(errors.InputError, why) as caught:
      series.resume(self.repository)
    self.assertNotIn('\n', str(caught.exception))

  def resolve(self):
    text = self.path.read_text()
    begin, end = text.index('<<<<<<<'), text.index('>>>>>>>')
    end = text.index('\n', end) + 1
    self.path.write_text(f'{text[:begin]}line_9 = 3\n{text[end:]}')

  def test_marks_show_all_three_sides(self):
    text = self.path.read_text()
    self.assertRegex(
        text,
        '<{7} HEAD\nline_9 = 2\n[|]{7} .*\nline_9 = 9\n={7}\nline_9 = 1\n>{7} ',
    )
    self.assertIn('last = 17', text)  # The patch before is there already.

  def test_not_resolved(self):
    self.refused(
        'official/a.txt is still in conflict: edit it, then git -C .* add'
    )

  def test_added_with_the_marks(self):
    self.git('add', '-A')
    self.refused(r'official/a.txt:\d+: leftover conflict marker')

  def test_added_with_one_mark_left(self):
    self.resolve()
    self.path.write_text(f'{self.path.read_text()}>>>>>>> x\n')
    self.git('add', '-A')
    self.refused('leftover conflict marker')

  def test_edited_and_not_added(self):
    self.git('add', '-A')
    self.resolve()
    self.refused('official/a.txt is not added')

  def test_new_file_that_is_not_added(self):
    self.resolve()
    self.git('add', '-A')
    (self.repository / 'official/new.py').touch()
    self.refused('official/new.py is not added: git -C .* or undo it')

  def test_resolved(self):
    self.resolve()
    (self.repository / 'official/new.py').touch()
    self.git('add', '-A')
    self.assertEqual(series.resume(self.repository), [])
    kept, files = self.finish()
    self.assertEqual((kept[0], kept[2]), (self.series[0], self.series[2]))
    self.assertEqual(files['official/a.txt'].data.decode(), self.wanted)
    self.assertEqual(
        patches.files(kept[1]), ['official/a.txt', 'official/new.py']
    )
    self.assertEqual(kept[1][:-1], self.series[1][:-1])

  def test_going_on_with_git_itself(self):
    self.resolve()
    self.git('add', '-A')
    continued = ['-c', 'core.editor=true', 'rebase', '--continue']
    self.git(*continued)
    self.assertEqual(series.resume(self.repository), [])
    self.assertLen(self.finish()[0], 3)

  @parameterized.parameters(
      (['reset', '-q', '--hard'],), (['rebase', '--skip'],)
  )
  def test_taking_what_upstream_has_drops_the_patch(self, command):
    self.git(*command)
    self.assertEqual(series.resume(self.repository), [])
    self.assertEqual(self.finish()[0], [self.series[0], self.series[2]])

  def test_deleting_the_file_makes_the_next_patch_conflict(self):
    self.git('rm', '-q', '-f', 'official/a.txt')
    self.assertEqual(series.resume(self.repository), ['official/a.txt'])


if __name__ == '__main__':
  absltest.main()
