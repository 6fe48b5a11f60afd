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

"""Tests that a TFMOT that asks for what is not there is named."""

from importlib import metadata
import json
import os
import pathlib
import subprocess
import sys

from absl.testing import absltest
from absl.testing import parameterized

from tools.base import exceptions
from tools.env import bootstrap
from tools.env import clashes
from tools.env import environment

_HAS = {
    'absl-py': '2.5.1',
    'numpy': '2.4.6',
    'tf-keras': '2.23.0.dev2026102618',
}
_EXCEPTION = exceptions.Entry('numpy~=1.23', ('0.8.0',), 'Tried.', '@us')
_PROJECT = 'tensorflow-model-optimization'


class ClashesTest(parameterized.TestCase):

  def tfmot(self, *lines, version='0.8.0'):
    """Writes the metadata of a TFMOT and returns its distribution."""
    root = pathlib.Path(self.create_tempdir().full_path)
    folder = root / f'{_PROJECT.replace("-", "_")}-{version}.dist-info'
    folder.mkdir()
    head = ['Metadata-Version: 2.1', f'Name: {_PROJECT}', f'Version: {version}']
    text = '\n'.join([*head, *lines]) + '\n'
    (folder / 'METADATA').write_text(text, encoding='utf-8')
    (found,) = metadata.distributions(path=[str(root)])
    return found

  def find(self, *lines, accepted=(), version='0.8.0'):
    """Returns what clashes with lines of metadata."""
    tfmot = self.tfmot(*lines, version=version)
    return clashes.find(tfmot, accepted, _HAS.get, python='3.11.7')

  @parameterized.parameters(
      ('Requires-Dist: numpy>=1.23', None),
      ('Requires-Dist: tf-keras>=2.14.1', None),
      ('Requires-Dist: enum34~=1.1; python_version < "3.4"', None),
      ('Requires-Dist: mock; extra == "test"', None),
      ('Requires-Python: >=3', None),
      (
          'Requires-Dist: numpy~=1.23',
          'TFMOT 0.8.0 asks for numpy~=1.23, the environment has numpy 2.4.6',
      ),
      (
          'Requires-Dist: ABSL_py (~=1.2)',
          (
              'TFMOT 0.8.0 asks for ABSL_py~=1.2, the environment has ABSL_py'
              ' 2.5.1'
          ),
      ),
      (
          'Requires-Dist: tf-keras<2.20',
          (
              'TFMOT 0.8.0 asks for tf-keras<2.20, the environment has tf-keras'
              ' 2.23.0.dev2026102618'
          ),
      ),
      (
          'Requires-Dist: mock',
          'TFMOT 0.8.0 asks for mock, the environment has none',
      ),
      (
          'Requires-Dist: numpy<2; python_version >= "3.11"',
          'TFMOT 0.8.0 asks for numpy<2, the environment has numpy 2.4.6',
      ),
      (
          'Requires-Python: >=3.12',
          'TFMOT 0.8.0 asks for Python >=3.12, this is 3.11.7',
      ),
  )
  def test_requirement(self, line, clash):
    self.assertEqual(self.find(line), [clash] if clash else [])

  @parameterized.parameters(
      ({}, '0.8.0', True),
      ({'where': ('*',)}, '0.8.1.dev20260629', True),
      ({}, '0.8.1', False),
      ({'what': 'numpy~=1.22'}, '0.8.0', False),
      ({'what': 'scipy~=1.23'}, '0.8.0', False),
  )
  def test_exception(self, changes, version, accepted):
    found = self.find(
        'Requires-Dist: NumPy ~= 1.23',
        accepted=[_EXCEPTION._replace(**changes)],
        version=version,
    )
    self.assertLen(found, 0 if accepted else 1)

  def test_nightlies_stand_for_what_they_replace(self):
    for name, others in clashes.NIGHTLIES.items():
      present = [n for n in (name, *others) if clashes.version_here(n)]
      if present:
        self.assertEqual(
            clashes.installed(name), clashes.version_here(present[0])
        )
    self.assertIsNone(clashes.installed('no-such-package'))

  def test_this_environment_has_no_clash_but_exceptions(self):
    (name,) = {
        metadata.distribution(n).name
        for n in (_PROJECT, 'tf-model-optimization-nightly')
        if clashes.version_here(n)
    }
    tfmot = metadata.distribution(name)
    listed = environment.table()['exceptions']
    accepted = exceptions.parse(listed, clashes.SOURCE)
    self.assertEqual(clashes.find(tfmot, accepted), [])
    self.assertNotEmpty(clashes.find(tfmot, []))

  def test_program(self):
    tfmot = self.tfmot('Requires-Dist: no-such-package>=3')
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'tools.env.clashes',
            str(tfmot.locate_file('')),
        ],
        input=json.dumps([]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, 'PYTHONPATH': str(bootstrap.ROOT)},
    )
    self.assertEqual(
        json.loads(done.stdout),
        ['TFMOT 0.8.0 asks for no-such-package>=3, the environment has none'],
    )


if __name__ == '__main__':
  absltest.main()
