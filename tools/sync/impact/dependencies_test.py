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

"""Tests of the comparison of requirements, also against the real locks."""

from absl.testing import absltest
from absl.testing import parameterized

from tools.sync.impact import dependencies
from tools.sync.impact import fixture
from tools.versions import environment

_METADATA = """\
Metadata-Version: 2.1
Name: tf-models-nightly
Requires-Python: >=3.7
Requires-Dist: numpy (>=1.20)
Requires-Dist: tf_slim>=1.1.0,<2
Requires-Dist: Pillow
Requires-Dist: pywin32; sys_platform == "win32"
Requires-Dist: pytest>7; extra == "test"

Requires-Dist: what-the-description-says
"""
_LOCKS = {'numpy': '2.1.0', 'tensorflow': '2.20.0', 'python': '3.11.7'}


class RequirementsTest(fixture.TreeTestCase):

  def test_metadata(self):
    self.assertEqual(
        dependencies.of_metadata(_METADATA),
        {
            'numpy': '>=1.20',
            'tf-slim': '<2,>=1.1.0',
            'pillow': 'any',
            'python': '>=3.7',
        },
    )

  def test_tree(self):
    self.assertIsNone(dependencies.of_tree(self.tree({'official/a.py': ''})))
    text = '# What is needed.\n-r more.txt\nsix\nnumpy>=1.20  # Or newer.\n\n'
    tree = self.tree({'official/requirements.txt': text})
    self.assertEqual(
        dependencies.of_tree(tree), {'six': 'any', 'numpy': '>=1.20'}
    )

  def test_real_locks(self):
    versions = dependencies.locked()
    chosen = environment.settings()
    self.assertEqual(versions['tensorflow'], chosen['tensorflow'])
    self.assertEqual(versions['tensorflow-model-optimization'], chosen['tfmot'])
    self.assertRegex(versions['numpy'], r'^\d+\.\d+')
    self.assertRegex(versions['python'], r'^3\.\d+\.\d+$')


class CompareTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('as_before', '>=1', '>=1', None, None),
      ('met', '>=1', '>=2', 'satisfied by 2.1.0', True),
      ('unmet', '>=1', '<2', 'NOT satisfied: our lock has 2.1.0', False),
      ('added', None, 'any', 'satisfied by 2.1.0', True),
      ('removed', '>=1', None, 'no longer required', True),
      (
          'unmet_as_before',
          '<2',
          '<2',
          'NOT satisfied: our lock has 2.1.0',
          False,
      ),
  )
  def test_verdict(self, old, new, verdict, met):
    sides = [{} if side is None else {'numpy': side} for side in (old, new)]
    found = dependencies.compare(*sides, _LOCKS)
    needs = found.unmet if old == new else found.changes
    expected = [('numpy', old, new, verdict, met)] if verdict else []
    self.assertEqual([tuple(need) for need in needs], expected)

  def test_what_the_lock_does_not_have(self):
    found = dependencies.compare(
        {}, {'tf-nightly': 'any', 'kaggle': 'any', 'python': '>=3.12'}, _LOCKS
    )
    self.assertEqual(
        {need.name: (need.verdict, need.met) for need in found.changes},
        {
            'kaggle': ('not in our lock', None),
            'python': ('NOT satisfied: this Python is 3.11.7', False),
            'tf-nightly': ('not in our lock, tensorflow 2.20.0 is', None),
        },
    )
    # What was not in the lock before either is no news.
    same = dependencies.compare({'kaggle': 'any'}, {'kaggle': 'any'}, _LOCKS)
    self.assertEqual((same.changes, same.unmet), ((), ()))

  def test_source_that_does_not_tell(self):
    found = dependencies.compare({'numpy': '<2'}, None, _LOCKS)
    self.assertEqual(found, dependencies.Dependencies(known=False))
    found = dependencies.compare(None, {'numpy': '<2'}, _LOCKS)
    self.assertFalse(found.known)
    self.assertEmpty(found.changes)
    self.assertEqual([need.name for need in found.unmet], ['numpy'])

  def test_new_imports(self):
    before = {'yaml': 'official/a.py'}
    after = {
        'yaml': 'official/a.py',
        'json': 'official/b.py',
        'absl': 'official/b.py',
        'no_package_of_that_name': 'official/b.py',
    }
    found = dependencies.compare({}, {}, _LOCKS, (before, after))
    self.assertEqual(
        [tuple(new) for new in found.imports],
        [
            ('absl', 'official/b.py', True),
            ('no_package_of_that_name', 'official/b.py', False),
        ],
    )


if __name__ == '__main__':
  absltest.main()
