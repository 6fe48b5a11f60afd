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

"""Tests what lies between two values, short of the package index."""

import os
import zipfile

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import testing
from tools.env import index


class BuildsTest(testing.CheckoutTestCase):

  def setUp(self):
    super().setUp()
    self.shas = [  # Of the mirror, or for an odd number of another file.
        self.commit('other' if n % 2 else 'official/upstream.lock', str(n))
        for n in range(6)
    ]

  @parameterized.parameters(
      ('0.8.1', 'release'),
      ('0.8.0rc1', 'release'),
      ('0.8.1.dev20260629', 'nightly'),
      ('2.22.0.dev20260905', 'nightly'),
      ('master', 'commit'),
      ('v0.8.1', 'commit'),
      ('1234567', 'commit'),
      ('/some/where@abc', 'commit'),
      ('here', 'commit'),
  )
  def test_kind_of(self, value, expected):
    self.assertEqual(builds.kind_of(value), expected)

  def test_commits(self):
    found = builds.commits(self.top, self.shas[1], self.shas[4])
    self.assertEqual([one.value for one in found], self.shas[1:5])
    self.assertEqual(found[1].about, 'Set official/upstream.lock to 2')

  def test_commits_of_no_line(self):
    with self.assertRaisesRegex(errors.InputError, 'is no ancestor of'):
      builds.commits(self.top, self.shas[4], self.shas[1])

  def test_commits_of_tfmot(self):
    ends = [f'{self.top}@{sha}' for sha in (self.shas[0], self.shas[3])]
    found = builds.row(axes.TFMOT, *ends, self.top)
    self.assertEqual(
        [one.value for one in found],
        [f'{self.top}@{sha}' for sha in self.shas[:4]],
    )

  def test_updates_of_the_mirror(self):
    found = builds.row(axes.MIRROR, self.shas[0], axes.HERE, self.top)
    self.assertEqual(
        [one.value for one in found], [*self.shas[0:5:2], axes.HERE]
    )
    digests = [builds.digest(axes.MIRROR, s, self.top) for s in self.shas]
    self.assertEqual(digests[0], digests[1])
    self.assertNotEqual(digests[1], digests[2])
    here = builds.digest(axes.MIRROR, axes.HERE, self.top)
    self.assertEqual(here, digests[5])

  @parameterized.parameters(
      (axes.TFMOT, '0.8.0', '/x@abc', 'or two commits with --checkout'),
      (axes.TFMOT, 'one.whl', 'two.whl', 'or two commits with --checkout'),
      (axes.TENSORFLOW, '2.20.0', 'nightly', 'two releases such as 2.20.0'),
      (axes.TFMOT, '0.8.1', '0.8.0', '--good must be the older one'),
  )
  def test_no_row(self, axis, good, bad, message):
    with self.assertRaisesRegex(errors.InputError, message):
      builds.row(axis, good, bad, self.top)

  def test_nightlies_of_tfmot_stand_by_their_days(self):
    old, two, three, new = (
        f'0.{n}.dev2020010{day}' for n, day in ((8, 3), (8, 4), (7, 5), (8, 6))
    )
    listed = [three, old, two, new]
    with absltest.mock.patch.object(index, 'available', return_value=listed):
      found = builds.row(axes.TFMOT, old, new, self.top)
    self.assertEqual([one.value for one in found], [old, two, three, new])

  def test_resolve(self):
    self.assertEqual(builds.resolve(self.top, 'master'), self.shas[-1])
    self.assertEqual(builds.resolve(self.top, 'HEAD~2'), self.shas[3])
    for ref in ('nothing', '-x', '0' * 40):
      with self.assertRaisesRegex(errors.InputError, 'its git has no branch'):
        builds.resolve(self.top, ref)
    with self.assertRaisesRegex(errors.InputError, 'not a git repository'):
      builds.resolve(self.top.parent, 'master')

  def finer(self, axis, good, bad, checkout):
    """Returns the values of what lies between two."""
    return [one.value for one in builds.finer(axis, good, bad, checkout)]

  def test_finer_by_tags(self):
    self.git('tag', 'v0.1.0', self.shas[1])
    self.git('tag', 'v0.2.0', self.shas[3])
    found = self.finer(axes.TFMOT, '0.1.0', '0.2.0', self.top)
    self.assertEqual(found, [f'{self.top}@{sha}' for sha in self.shas[1:4]])
    self.assertEmpty(self.finer(axes.TFMOT, *found[:2], self.top))

  def test_finer_by_tags_of_branches_that_part(self):
    self.git('tag', 'v0.1.0', self.shas[1])
    self.git('checkout', '-q', '-b', 'side', self.shas[0])
    self.commit('other', '8')
    self.git('tag', 'v0.2.0')
    row = ['0.1.0', '0.2.0.dev20200101', '0.2.0']
    with absltest.mock.patch.object(builds, '_versions', return_value=[row[1]]):
      self.assertEqual(self.finer(axes.TFMOT, row[0], row[2], self.top), row)

  def test_finer_in_tensorflow(self):
    good, old, new, bad = (
        '2.20.0',
        '2.21.0.dev20260202',
        '2.21.0.dev20260203',
        '2.21.0',
    )
    self.git('tag', 'v2.20.0', self.shas[1])
    self.git('tag', 'v2.21.0', self.shas[3])
    listed = ['2.20.0.dev20260101', old, new, '2.22.0.dev20260204']
    with absltest.mock.patch.object(index, 'available', return_value=listed):
      for ends, expected in (
          # The tags of a checkout are TFMOT's.
          ((good, bad, self.top), [good, old, new, bad]),
          ((new, bad, None), []),
          ((old, bad, None), [old, new, bad]),
          ((old, new, None), []),
      ):
        self.assertEqual(self.finer(axes.TENSORFLOW, *ends), expected)
    self.assertEqual(self.finer(axes.MIRROR, *self.shas[:2], None), [])

  def test_tree_of_a_wheel(self):
    wheel = self.top / 'tensorflow_model_optimization-9-py3-none-any.whl'
    code = 'tensorflow_model_optimization/__init__.py'
    with zipfile.ZipFile(wheel, 'w') as archive:
      archive.writestr(code, '')
      archive.writestr(
          'tensorflow_model_optimization-9.dist-info/METADATA',
          'Name: tensorflow-model-optimization\nVersion: 9\n\n',
      )
    with absltest.mock.patch.dict(
        os.environ, {'TFMOT_MODELS_CACHE': str(self.top / 'cache')}
    ):
      tree = builds.tree(str(wheel))
      self.assertTrue((tree / code).exists())
      self.assertEqual(builds.tree(str(wheel)), tree)
      self.assertLen(builds.digest(axes.TFMOT, str(wheel), self.top), 16)


if __name__ == '__main__':
  absltest.main()
