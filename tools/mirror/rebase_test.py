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

"""Tests how a rebase moves patches, and what a conflict asks for."""

import re

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import git
from tools.mirror import patches
from tools.mirror import testing
from tools.mirror import tree

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


def _touched(patch):
  """Returns the files of a patch."""
  return re.findall('^diff --git .* b/(.*)', patch.content.decode(), re.M)


def _executable(text):
  return tree.Entry(tree.EXECUTABLE, text.encode())


class RebaseTestCase(testing.SeriesTestCase):

  def rebase(self, old, new, *edits):
    """Rebases the patches that lead from `old` over `edits` onto `new`."""
    self.series = self.make(list(map(_tree, (old, *edits))))
    self.new = _tree(new)
    self.repository = self.create(_tree(old), self.series, new=self.new)
    return patches.rebase(self.repository)

  def finish(self):
    """Returns patches and files; the patches make the files."""
    kept = patches.read(self.repository, 'new')
    files = git.read_tree(self.repository, 'HEAD')
    self.assertEqual(patches.apply(self.new, kept), files)
    return kept, files

  def rebased(self, *args):
    self.assertEqual(self.rebase(*args), [])
    return self.finish()


class RebaseTest(RebaseTestCase):

  def test_no_patch(self):
    self.assertEqual(self.rebased('a\n', 'b\n'), ([], _tree('b\n')))

  @parameterized.named_parameters(
      (
          'other_file',
          {'a.py': _BASE, 'b': 'x\n'},
          {'a.py': _BASE, 'b': 'y\n'},
          {'a.py': _OURS, 'b': 'x\n'},
      ),
      (
          'new_file_in_a_folder_that_upstream_renamed',
          {'one/a': _BASE, 'one/b': _OURS},
          {'two/a': _BASE, 'two/b': _OURS},
          {'one/a': _BASE, 'one/b': _OURS, 'one/c': 'c\n'},
      ),
  )
  def test_clean(self, old, new, edit):
    self.assertEqual(self.rebased(old, new, edit)[0], self.series)

  @parameterized.named_parameters(
      ('lines_moved', _MOVED, _OURS, f'# new\n{_OURS}', '@@ -10,3 +10,3 @@'),
      (
          'head_of_a_hunk_changed',
          _BASE.replace('line_7 = 7', 'line_7 = 0'),
          _OURS,
          _OURS.replace('line_7 = 7', 'line_7 = 0'),
          '@@ -9,3 +9,3 @@ line_7 = 0',
      ),
      (
          'upstream_renamed',
          {'n.py': _MOVED},
          _OURS,
          {'n.py': f'# new\n{_OURS}'},
          '+++ b/official/n.py',
      ),
      (
          'patch_renamed',
          _MOVED,
          {'b.py': _OURS},
          {'b.py': f'# new\n{_OURS}'},
          'rename to official/b.py\n',
      ),
      (
          'absorbed_by_half',
          _OURS,
          _OURS.replace('line_1 =', 'one ='),
          _OURS.replace('line_1 =', 'one ='),
          '+one = 1',
      ),
      (
          'absorbed_in_another_layout_but_for_the_rest',
          _THEIRS,
          {'a.py': _executable(_OURS.replace('line_1 =', 'one ='))},
          {'a.py': _executable(_THEIRS.replace('line_1 =', 'one ='))},
          'new mode 100755',
      ),
  )
  def test_rebased(self, new, edit, expected, line):
    kept, files = self.rebased(_BASE, new, edit)
    self.assertLen(kept, 1)
    self.assertNotEqual(kept, self.series)
    self.assertEqual(files, _tree(expected))
    self.assertIn(line, kept[0].content.decode())

  @parameterized.named_parameters(
      ('new_file', {'a.py': _BASE, 'b': ''}, {'a.py': _BASE, 'b': ''}),
      ('another_layout', _THEIRS, _OURS),
      (
          'two_files',
          {'a.py': _THEIRS, 'b c.py': _THEIRS, 'é.py': _THEIRS},
          {'a.py': _OURS, 'b c.py': _OURS, 'é.py': _OURS},
      ),
  )
  def test_absorbed(self, new, edit):
    names = edit if isinstance(edit, dict) else ['a.py']
    old = dict.fromkeys([name for name in names if name != 'b'], _BASE)
    self.assertEqual(self.rebased(old, new, edit), ([], self.new))

  def test_first_of_two_is_absorbed(self):
    later = _OURS.replace('line_1 =', 'one =')
    kept, _ = self.rebased(_BASE, f'# new\n{_OURS}', _OURS, later)
    self.assertEqual([patch.name for patch in kept], ['0001-x-2.patch'])

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
    self.assertIn(b'@@ -10,3 +10,3 @@', kept[0].content)


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
      patches.resume(self.repository)
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
        'official/a.txt is in conflict or not added: edit it, then git -C'
    )

  def test_added_with_the_marks(self):
    self.git('add', '-A')
    self.refused(r'official/a.txt:\d+: leftover conflict marker')
    self.resolve()
    self.refused('official/a.txt is in conflict or not added')

  def test_new_file_that_is_not_added(self):
    self.resolve()
    self.git('add', '-A')
    (self.repository / 'official/new.py').touch()
    self.refused('official/new.py is in conflict or not added')

  def test_resolved(self):
    self.resolve()
    (self.repository / 'official/new.py').touch()
    self.git('add', '-A')
    self.assertEqual(patches.resume(self.repository), [])
    kept, files = self.finish()
    self.assertEqual((kept[0], kept[2]), (self.series[0], self.series[2]))
    self.assertEqual(files['official/a.txt'].data.decode(), self.wanted)
    self.assertEqual(_touched(kept[1]), ['official/a.txt', 'official/new.py'])

  def test_going_on_with_git_itself(self):
    self.resolve()
    self.git('add', '-A')
    continued = ['-c', 'core.editor=true', 'rebase', '--continue']
    self.git(*continued)
    self.assertEqual(patches.resume(self.repository), [])
    self.assertLen(self.finish()[0], 3)

  @parameterized.parameters(
      (['reset', '-q', '--hard'],), (['rebase', '--skip'],)
  )
  def test_taking_what_upstream_has_drops_the_patch(self, command):
    self.git(*command)
    self.assertEqual(patches.resume(self.repository), [])
    last = self.series[2]._replace(name='0002-x-3.patch')
    self.assertEqual(self.finish()[0], [self.series[0], last])

  def test_deleting_the_file_makes_the_next_patch_conflict(self):
    self.git('rm', '-q', '-f', 'official/a.txt')
    self.assertEqual(patches.resume(self.repository), ['official/a.txt'])


if __name__ == '__main__':
  absltest.main()
