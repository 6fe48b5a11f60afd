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

"""Tests of what a red test says."""

import copy
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import explain
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import reference_testing

_CLAIM = claims.Claim(
    id='zeros_missing',
    kind='structure',
    metric='invariants.zeros_missing',
    relation='value',
    against='invariants.zeros_missing',
    at_most=0,
    at_least=None,
    source='the guide',
    reason='It is only for a test.',
    documented='exact',
    tiers=('cpu',),
)


class ExplainTest(parameterized.TestCase):

  @parameterized.parameters(
      ('//a:half', 1, 'bazel test //a:half --test_output=all'),
      ('//a:half', 3, 'tools/nox -s converge -- //a:half'),
      ('//a:half_smoke', 3, 'bazel build //a:half_smoke_seed3_record'),
  )
  def test_how_to_see_a_seed_again(self, target, seed, command):
    red = judge.Verdict(_CLAIM, 9.0, False, seed=seed)
    text = explain.explain(red, 'technique.yaml', explain.Again(target))
    self.assertIn(f'zeros_missing, seed {seed}: ', text)
    self.assertEndsWith(text, f'To see it again: {command}')

  def test_with_the_versions_of_now(self):
    path = pathlib.Path(self.create_tempfile().full_path)
    path.write_text('TFMOT=/a wheel.whl\n\nTFMOT_CHANNEL=\nHOME=/x\n')
    settings = explain.settings_of(path)
    self.assertEqual(settings, {'TFMOT': '/a wheel.whl'})
    self.assertEmpty(explain.settings_of(None))
    again = explain.Again('//a:half', settings)
    self.assertEqual(
        again.command(1),
        "TFMOT='/a wheel.whl' bazel test //a:half --test_output=all",
    )
    self.assertEqual(
        again.command(2),
        "TFMOT='/a wheel.whl' tools/nox -s converge -- //a:half",
    )

  @parameterized.parameters(
      ('invariants.zeros_missing', ['layer conv: zeros 4 of 100 weights']),
      ('invariants.scales_wrong', ['layer conv: scales 2 of 100 weights']),
      (
          'exported.int8.kernels.most.distinct',
          ['layer conv: distinct 20 of 100 weights'],
      ),
      ('invariants.layers_refused', []),
      ('exported.int8.gzip_bytes', []),
      ('parameters', []),
  )
  def test_layers(self, metric, lines):
    run = reference_testing.run(1)
    claim = claims.Claim(**{**vars(_CLAIM), 'metric': metric})
    found = explain.layers(claim, run)
    self.assertEqual(found, [f'  int8, {line}' for line in lines])

  def test_layers_where_none_is_told_to_be_covered(self):
    run = reference_testing.run(1, invariants={'zeros_missing': 1})
    self.assertLen(explain.layers(_CLAIM, run), 2)

  def test_layers_that_stand_out_come_first(self):
    run = reference_testing.run(1)
    exported = copy.deepcopy(run.exported)
    kernel = exported['int8']['kernels'][0]
    zeros = {'a': 50, 'b': 50, 'c': 10, 'd': 51, 'e': 50, 'f': 50, 'g': 50}
    exported['int8']['kernels'] = [
        {**kernel, 'name': name, 'zeros': count}
        for name, count in zeros.items()
    ]
    invariants = {'covered': list('abcdef'), 'zeros_missing': 40}
    run = reference_testing.run(1, exported=exported, invariants=invariants)
    red = judge.Verdict(_CLAIM, 40.0, False, seed=1)
    text = explain.explain(red, 'x', explain.Again('//a:half'), [run])
    named = [
        line.partition('layer ')[2][0]
        for line in text.splitlines()
        if 'layer ' in line
    ]
    self.assertEqual(named, ['c', 'd', 'a', 'b', 'e'])
    other = reference_testing.run(2, exported=exported, invariants=invariants)
    text = explain.explain(red, 'x', explain.Again('//a:half'), [other])
    self.assertNotIn('layer ', text)


if __name__ == '__main__':
  absltest.main()
