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

"""Tests that patches apply at their very lines, or not at all."""

import os
import pathlib
import tempfile

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.mirror import patches
from tools.mirror import testing
from tools.mirror import tree


def _quoted(name):
  """Returns a diff that makes a file, with its name as git quotes it."""
  return (
      f'diff --git "a/official/{name}" "b/official/{name}"\n'
      f'new file mode 100644\n--- /dev/null\n+++ "b/official/{name}"\n'
      '@@ -0,0 +1 @@\n+x\n'
  ).encode()


class ApplyTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.home = pathlib.Path(scratch.name)
    self.scratch = self.home / 'scratch'
    self.scratch.mkdir()
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
    self.refused('0002-x.patch does not apply', testing.EDIT, testing.EDIT)

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

  @parameterized.parameters('/etc/passwd', '../../x', 'gone', '../orbit/d.py')
  def test_link_outside_is_refused(self, to):
    self.refused(
        'the patched tree: the link official/l',
        testing.new_file('official/l', to, '120000'),
    )

  def test_link_inside_is_made(self):
    found = self.apply(testing.new_file('official/l', 'deep/c.py', '120000'))
    self.assertEqual(found['official/l'], tree.Entry(tree.LINK, b'deep/c.py'))

  @parameterized.parameters('official/b.py', 'official/deep')
  def test_file_below_a_link_is_refused(self, to):
    link = testing.new_file('official/l', pathlib.Path(to).name, '120000')
    self.refused(
        '0002-x.patch does not apply', link, testing.new_file('official/l/x')
    )
    self.files['official/l'] = tree.Entry(tree.LINK, b'deep')
    self.refused('both a file and a folder', testing.new_file('official/l/x'))

  @parameterized.parameters('official/A.py', 'official/Deep/x', 'official/deep')
  def test_clash_is_refused(self, name):
    self.refused('the patched tree: .*(case|both)', testing.new_file(name))

  @parameterized.parameters(r'x\\y', r'x\"y', r'x\ty', r'x\377', r'x\ny')
  def test_name_that_git_has_to_quote_is_refused(self, name):
    self.refused('the patched tree: the path .* has a', _quoted(name))

  def test_file_that_a_diff_hides_is_refused(self):
    why = 'makes official/b.py and its text does not say so'
    self.refused(why, _quoted(r'\142.py'))
    plain = b'--- /dev/null\n+++ x/official/b.py\n@@ -0,0 +1 @@\n+x\n'
    self.refused(why, testing.EDIT + plain)

  def test_settings_of_the_user_do_not_count(self):
    (self.home / '.gitconfig').write_text(
        '[apply]\n\tignoreWhitespace = change'
    )
    outside = {
        'GIT_CONFIG_COUNT': '1',
        'GIT_CONFIG_KEY_0': 'apply.ignoreWhitespace',
        'GIT_CONFIG_VALUE_0': 'change',
    }
    for variables in ({'HOME': str(self.home)}, outside):
      with absltest.mock.patch.dict(os.environ, variables):
        self.refused('not apply', testing.EDIT.replace(b' line 4', b' line  4'))


if __name__ == '__main__':
  absltest.main()
