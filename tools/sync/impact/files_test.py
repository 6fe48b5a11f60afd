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

"""Tests of the comparison of files."""

from absl.testing import absltest
from absl.testing import parameterized

from tools.sync.impact import files
from tools.sync.impact import fixture

_CODE = '''\
# Copyright 2024 The Authors.
# More.

"""The module."""

import a


def f(x):
  """Returns it."""
  return x  # As it is.
'''


class SameInSubstanceTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('year', '2024', '2025'),
      ('comment_added', 'import a\n', 'import a  # Needed.\n'),
      ('layout', 'def f(x):', 'def f(\n    x\n):'),
      ('docstring', 'Returns it.', 'Gives it.'),
      ('docstring_of_module', 'The module.', 'This module.'),
      ('docstring_gone', '  """Returns it."""\n', ''),
      ('header_gone', '# Copyright 2024 The Authors.\n# More.\n\n', ''),
      ('line_ends', '\n', '\r\n'),
  )
  def test_trivial(self, old, new):
    changed = _CODE.replace(old, new)
    self.assertNotEqual(changed, _CODE)
    self.assertTrue(files.same_in_substance(_CODE.encode(), changed.encode()))

  @parameterized.named_parameters(
      ('import', 'import a', 'import b'),
      ('value', 'return x', 'return -x'),
      ('name', 'f(x)', 'g(x)'),
      ('text', 'return x', "return 'Returns it.'"),
      ('syntax', 'return x', 'return ('),
  )
  def test_in_substance(self, old, new):
    changed = _CODE.replace(old, new)
    self.assertFalse(files.same_in_substance(_CODE.encode(), changed.encode()))

  def test_docstring_that_the_module_reads_counts(self):
    code = _CODE + '\n\nprint(__doc__)\n'
    changed = code.replace('The module.', 'This module.')
    self.assertFalse(files.same_in_substance(code.encode(), changed.encode()))
    changed = code.replace('2024', '2025')
    self.assertTrue(files.same_in_substance(code.encode(), changed.encode()))

  def test_encoding_counts(self):
    body = "\nx = '\xe9'\n".encode()
    old = b'# coding: utf-8' + body
    new = b'# coding: latin-1' + body
    self.assertFalse(files.same_in_substance(old, new))
    self.assertTrue(files.same_in_substance(old, b'# UTF-8' + body))

  def test_class_and_function_of_a_docstring_alone(self):
    old = b'class A:\n  """One."""\n'
    self.assertTrue(files.same_in_substance(old, b'class A:\n  """Two."""\n'))
    self.assertTrue(files.same_in_substance(old, b'class A:\n  pass\n'))
    self.assertFalse(files.same_in_substance(old, b'class A:\n  x = 1\n'))


class CompareTest(fixture.TreeTestCase):

  def test_tells_apart(self):
    old = self.tree({
        'official/same.py': 'x = 1\n',
        'official/year.py': '# 2024\nx = 1\n',
        'official/code.py': 'x = 1\n',
        'official/gone.py': 'x = 1\n',
        'official/notes.md': '# 2024\n',
    })
    new = self.tree({
        'official/same.py': 'x = 1\n',
        'official/year.py': '# 2025\nx = 1\n',
        'official/code.py': 'x = 2\n',
        'official/fresh.py': 'x = 1\n',
        'official/notes.md': '# 2025\n',
    })
    found = files.compare(old, new)
    self.assertEqual(found.added, ('official/fresh.py',))
    self.assertEqual(found.removed, ('official/gone.py',))
    # What is no Python is compared byte for byte.
    self.assertEqual(found.changed, ('official/code.py', 'official/notes.md'))
    self.assertEqual(found.trivial, ('official/year.py',))
    self.assertEqual(found.unchanged, 2)  # With __init__.py.
    self.assertLen(found.substantial, 4)
    self.assertNotIn('official/year.py', found.substantial)

  def test_links(self):
    old, new = self.tree({'a.md': '1'}), self.tree({'a.md': '1'})
    for tree, target in ((old, 'a.md'), (new, 'gone.md')):
      (tree / 'link.py').symlink_to(target)
      (tree / 'folder').symlink_to('.')
    found = files.compare(old, new)
    self.assertEqual(found.changed, ('link.py',))
    self.assertEqual(found.unchanged, 2)

  def test_byte_code_does_not_count(self):
    old = self.tree({'official/a.py': ''})
    new = self.tree({
        'official/a.py': '',
        'official/__pycache__/a.cpython-311.pyc': 'x',
        'official/b.pyc': 'x',
    })
    self.assertEqual(files.compare(old, new), files.FileChanges(unchanged=2))


if __name__ == '__main__':
  absltest.main()
