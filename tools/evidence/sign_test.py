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

"""Tests signing on a small project."""

import pathlib
import sys

from absl.testing import absltest

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.evidence import project_testing
from tools.evidence import sign
from tools.evidence import signatures
from tools.evidence import testing
from tools.suite import draw

_LABEL = f'//tfmot_contrib/net:{project_testing.TEST}'
_BASE = '//tfmot_contrib/baselines:net_cifar10'
# Answers queries, and says that it has built what is there.
_BAZEL = f"""\
#!{sys.executable}
import sys
open('asked.txt', 'a').write(' '.join(sys.argv[1:]) + '\\n')
if sys.argv[1] == 'query':
  print('{_LABEL}_run {_LABEL}_record {_BASE}_record'.replace(' ', '\\n'))
"""


class SignTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    project_testing.project(self.root)
    program = self.root / 'bazel'
    program.write_text(_BAZEL, encoding='utf-8')
    program.chmod(0o755)
    self.bazel = draw.Bazel(str(program), self.root)
    self.put(project_testing.run('0.8.1'))
    name = 'bazel-bin/tfmot_contrib/baselines/net_cifar10_record.json'
    (self.root / name).parent.mkdir(parents=True)
    base = testing.run('1')
    record.write(base, self.root / name)

  def put(self, run):
    name = f'bazel-bin/tfmot_contrib/net/{project_testing.TEST}_record.json'
    (self.root / name).parent.mkdir(parents=True, exist_ok=True)
    record.write(run, self.root / name)

  def sign(self, **changes):
    wanted = {
        'tensorflow': project_testing.TENSORFLOW,
        'tfmot': '0.8.1',
        'party': 'Ada',
        'role': 'contributor',
    } | changes
    return sign.sign(self.bazel, 'net', project_testing.TEST, **wanted)

  def test_signed(self):
    found = signatures.load(self.sign())
    self.assertEqual([s['seed'] for s in found['seeds']], [1])
    self.assertEqual([c['id'] for c in found['claims']][0], 'steps')
    self.assertEqual(found['party'], 'Ada')
    asked = (self.root / 'asked.txt').read_text(encoding='utf-8').splitlines()
    self.assertLen(asked, 2)
    for line in asked:
      self.assertIn('--repo_env=TENSORFLOW=2.20.0 --repo_env=TFMOT=0.8.1', line)

  def test_nobody_signs_for_what_fails(self):
    training = {**project_testing.run('').training, 'steps': 0}
    self.put(project_testing.run('0.8.1', training=training))
    with self.assertRaisesRegex(errors.InputError, 'nobody signs .*steps is 0'):
      self.sign()
    self.assertEmpty(signatures.collect(self.root))

  def test_nobody_signs_for_another_tfmot(self):
    with self.assertRaisesRegex(
        errors.InputError, 'made with TFMOT 0.8.1, not'
    ):
      self.sign(tfmot='0.8.0')
    self.assertEmpty(signatures.collect(self.root))


if __name__ == '__main__':
  absltest.main()
