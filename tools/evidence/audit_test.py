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

"""Tests what makes signed evidence stale, and what does not."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tools.evidence import audit
from tools.evidence import project_testing
from tools.evidence import signatures

_CODE = 'tfmot_contrib/net/code.py'
_KERNELS = '"""Measures."""\n\n\ndef kernels():\n  return 8\n'


class AuditTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path) / 'project'
    project_testing.project(self.root)
    project_testing.put(self.root, {_CODE: _KERNELS})
    project_testing.sign_all(self.root, ['0.8.1'])

  def problems(self) -> list[str]:
    """Returns what is wrong with the evidence of the test of `net`."""
    found = audit.check(self.root, ['0.8.1'])
    return [f.problem for f in found if f.technique == 'net' and f.problem]

  @parameterized.named_parameters(
      ('comment', _CODE, 'return 8', 'return 8  # As many as there are.'),
      ('docstring', _CODE, 'Measures.', 'Measures kernels.'),
      ('layout', _CODE, '():\n', '(\n):\n'),
      (
          'bound',
          'tfmot_contrib/net/technique.yaml',
          'at_least: 1',
          'at_least: 2',
      ),
      ('table', 'tfmot_contrib/net/README.md', 'old', 'new'),
  )
  def test_not_stale(self, name, old, new):
    text = (self.root / name).read_text(encoding='utf-8')
    text = text + 'old' * (name.endswith('.md') and 'old' not in text)
    self.assertIn(old, text)
    project_testing.put(self.root, {name: text.replace(old, new)})
    self.assertEmpty(self.problems())

  @parameterized.parameters('judge', 'verdict', 'reference')
  def test_judging_is_done_anew(self, module):
    name = f'tfmot_contrib/convergence/{module}.py'
    project_testing.put(self.root, {name: 'STRICT = True\n'})
    self.assertEmpty(self.problems())

  def test_another_number_of_kernels_is_stale(self):
    text = _KERNELS.replace('8', '9')
    project_testing.put(self.root, {_CODE: text})
    self.assertLen(self.problems(), 2)
    for problem in self.problems():
      self.assertStartsWith(problem, 'stale: code, config or versions')

  def test_a_second_party_is_a_fact(self):
    told = audit.told(audit.check(self.root, ['0.8.1']))
    self.assertIn('net_cifar10_half TFMOT 0.8.1: reproduced by: Bob', told)
    for path in self.root.glob(
        f'tfmot_contrib/net/evidence/signed/*/*.{signatures.SECOND_PARTY}.json'
    ):
      path.unlink()
    findings = audit.check(self.root, ['0.8.1'])
    self.assertIn(
        'net/net_cifar10_half TFMOT 0.8.1: reproduced by: nobody yet',
        audit.told(findings),
    )
    audit.refuse(findings)  # Nothing stands against a pin.


if __name__ == '__main__':
  absltest.main()
