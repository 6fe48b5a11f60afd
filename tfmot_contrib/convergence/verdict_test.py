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

"""Tests that the verdict fails, on the right claim and for the right reason."""

import contextlib
import copy
import dataclasses
import io
import json
import os
import pathlib
from unittest import mock
from xml.etree import ElementTree

from absl.testing import absltest
from absl.testing import parameterized
import yaml

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference_testing
from tfmot_contrib.convergence import verdict

_EXPORTED = {
    **reference_testing.EXPORTED,
    'accuracy': 84.0,
    'gzip_bytes': 2000,
    'operators': {'CONV_2D': {'total': 1, 'integer': 0}},
    'integer_share': 0.0,
}
_RECORD = record.Record(
    experiment='net_cifar10',
    tier='cpu',
    seed=1,
    params={},
    environment='a' * 64,
    versions={'tensorflow': '2.20.0'},
    data='b' * 64,
    batches={'train': 'f' * 64, 'validation': 'f' * 64},
    instruction_set='avx2',
    weights='c' * 64,
    parameters=20,
    lineage=[],
    health={
        'not_finite': 0,
        'kinds': {
            'kernel (trainable)': {'of': 2, 'moved': [1, 2], 'zeros': [4]},
            'mask': {'of': 2, 'moved': [2, 2]},
            'old_mask': {'of': 2, 'moved': [0, 0]},
        },
    },
    training=dict(reference_testing.TRAINING),
    keras={'accuracy': 0.84},
    exported={'float': _EXPORTED, 'int8': {**_EXPORTED, 'logit_gap': 0.02}},
    invariants={},
)
_WHY = {'source': 'the guide', 'reason': 'It is only for this test.'}
_CLAIMS = [
    {
        'id': 'accuracy_drop',
        'kind': 'accuracy',
        'metric': 'exported.float.accuracy',
        'as': 'drop',
        'at_most': 1.0,
        'documented': '0.2',
        **_WHY,
    },
    {
        'id': 'zipped_size',
        'kind': 'deployment',
        'metric': 'exported.float.gzip_bytes',
        'as': 'ratio',
        'at_most': 0.65,
        **_WHY,
    },
    {
        'id': 'zeros',
        'kind': 'structure',
        'metric': 'invariants.zeros_missing',
        'as': 'value',
        'at_most': 0,
        'tiers': ['smoke', 'cpu'],
        **_WHY,
    },
]
_LEAST = {
    'id': 'share',
    'kind': 'deployment',
    'metric': 'exported.float.accuracy',
    'as': 'value',
    'at_least': 0.5,
    **_WHY,
}
_KNOWN = {
    'issue': 'https://github.com/x/issues/1',
    'owner': '@owner',
    'until': '2999-01-01',
}
_TECHNIQUE = {
    'name': 'pruning',
    'summary': 'Makes weights zero.',
    'owners': ['@owner'],
    'guide': 'https://www.tensorflow.org/',
    'api': ['tfmot.sparsity.keras.x'],
    'floor': '0.8.0',
    'moves': ['mask'],
    'stays': ['old_mask'],
    'claims': {'net_half': _CLAIMS},
}


def _set(value, path, new):
  """Sets, or with `new` None deletes, the value at a dotted path."""
  *parents, last = path.split('.')
  for part in parents:
    value = value[part]
  if new is None:
    del value[last]
  else:
    value[last] = new


class VerdictTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.baseline = copy.deepcopy(_RECORD)
    record.write(self.baseline, self.root / 'baseline.json')
    self.run_record = dataclasses.replace(
        copy.deepcopy(_RECORD),
        experiment='net_cifar10_pruning',
        weights='d' * 64,
        lineage=['c' * 64, 'e' * 64],
        invariants={'zeros_missing': 0},
    )
    self.run_record.exported['float'].update(accuracy=83.5, gzip_bytes=1200)
    self.technique = copy.deepcopy(_TECHNIQUE)
    self.control = dataclasses.replace(
        copy.deepcopy(self.run_record),
        experiment='net_cifar10_control',
        weights='9' * 64,
        exported={'float': {**_EXPORTED, 'accuracy': 85.0}},
    )
    self.run_record.params['task'] = {'technique': {'clusters': 16}}
    self.control.params['task'] = {'technique': {}}

  def judge(self):
    """Runs the program as Bazel does; returns exit code, output and errors."""
    record.write(self.run_record, self.root / 'run.json')
    return self.judge_files()

  def judge_files(self, *more):
    """Runs the program on the files as they are."""
    path = self.root / 'technique.yaml'
    path.write_text(yaml.safe_dump(self.technique), encoding='utf-8')
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
      try:
        code = verdict.main([
            f'--technique={path}',
            '--name=net_half',
            '--tier=cpu',
            f'--record={self.root}/run.json',
            f'--baseline={self.root}/baseline.json',
            *more,
        ])
      except SystemExit as error:
        code = error.code
    return code, out.getvalue(), err.getvalue()

  def test_all_claims_hold(self):
    code, out, _ = self.judge()
    self.assertEqual(code, 0, out)
    self.assertRegex(out, r'accuracy_drop +0\.2 +0\.5 +<= 1 +pass')
    self.assertRegex(out, r'zipped_size +- +0\.6 +<= 0\.65 +pass')
    self.assertNotIn('FAIL', out)

  @parameterized.parameters(
      ('exported.float.accuracy', 82.9, 'accuracy_drop'),
      ('exported.float.gzip_bytes', 1301, 'zipped_size'),
      ('invariants.zeros_missing', 1, 'zeros'),
      ('exported.float.accuracy', 0.0, 'accuracy_drop'),
      ('health.not_finite', 1, 'training_health'),
      ('health.kinds', {}, 'training_health'),
      ('health.kinds.mask.moved', [1, 1], 'training_health'),
      ('health.kinds.old_mask.moved', [1, 0], 'training_health'),
      (
          'health.kinds',
          {
              'mask': {'of': 1, 'moved': [1]},
              'gamma (trainable)': {'of': 2, 'moved': [0]},
          },
          'training_health',
      ),
  )
  def test_fails_on_the_right_claim(self, path, value, guilty):
    _set(vars(self.run_record), path, value)
    code, out, _ = self.judge()
    self.assertEqual(code, 1)
    failed = [line.split()[0] for line in out.splitlines() if 'FAIL' in line]
    self.assertEqual(failed, [guilty])
    self.assertRegex(
        out, rf'{guilty}, seed 1: .* Source: (the guide|moves and stays)'
    )

  def test_known_failure_must_fail(self):
    self.technique['claims']['net_half'] = [
        {**claim, 'known_failure': _KNOWN} for claim in _CLAIMS[:1]
    ]
    self.run_record.exported['float']['accuracy'] = 80.0
    code, out, _ = self.judge()
    self.assertEqual(code, 0)
    self.assertRegex(out, r'accuracy_drop .* known failure')
    self.run_record.exported['float']['accuracy'] = 84.0
    code, out, _ = self.judge()
    self.assertEqual(code, 1)
    self.assertRegex(out, r'accuracy_drop .* MENDED')
    self.assertIn('is mended: take known_failure', out)

  def leave(self, *more):
    """Runs the program as Bazel does; returns what it leaves, and the rest."""
    outputs = pathlib.Path(self.create_tempdir().full_path)
    asked = {
        'XML_OUTPUT_FILE': f'{outputs}/test.xml',
        'TEST_UNDECLARED_OUTPUTS_DIR': str(outputs),
        'TEST_TARGET': '//tfmot_contrib/pruning:net_half',
    }
    record.write(self.run_record, self.root / 'run.json')
    with mock.patch.dict(os.environ, asked):
      return outputs, self.judge_files(*more)

  def test_leaves_junit_json_and_models(self):
    self.run_record.exported['float']['accuracy'] = 80.0
    (self.root / 'run').mkdir()
    (self.root / 'run/float.tflite').write_bytes(b'TFL3')
    outputs, (code, out, _) = self.leave(f'--run={self.root}/run')
    self.assertEqual(code, 1)
    self.assertIn('bazel test //tfmot_contrib/pruning:net_half', out)
    suite = ElementTree.parse(outputs / 'test.xml').getroot()
    self.assertEqual((suite.get('tests'), suite.get('failures')), ('5', '1'))
    cases = {case.get('name'): case for case in suite}
    self.assertIsNone(cases['zeros'].find('failure'))
    failure = cases['accuracy_drop'].find('failure')
    self.assertEqual(failure.get('message'), 'FAIL')
    self.assertIn('is 4, bound <= 1', failure.text)
    properties = {
        p.get('name'): p.get('value')
        for p in cases['zipped_size'].iter('property')
    }
    self.assertEqual(properties['measured'], '0.6')
    written = json.loads((outputs / 'verdict.json').read_text())
    self.assertEqual([v['claim'] for v in written], [*cases])
    self.assertContainsSubset(['training_health', 'exported_as_trained'], cases)
    bad = [v['claim'] for v in written if not v['good']]
    self.assertEqual(bad, ['accuracy_drop'])
    self.assertEqual((outputs / 'float.tflite').read_bytes(), b'TFL3')

  def test_leaves_what_is_invalid(self):
    self.run_record.lineage.clear()
    outputs, (code, _, err) = self.leave()
    self.assertEqual(code, 2)
    self.assertLen(err.splitlines(), 1)
    written = json.loads((outputs / 'verdict.json').read_text())
    said = [(one['verdict'], one['good']) for one in written]
    self.assertEqual(said, [('invalid', False)] * 5)
    suite = ElementTree.parse(outputs / 'test.xml').getroot()
    self.assertIn('does not come from', suite[3].find('failure').text)

  @parameterized.parameters(
      ({'until': '2027-02-30'}, 'until is no day'),
      ({'until': 'soon'}, 'claims/net_half/0/known_failure/until'),
      ({'owner': 'me'}, 'claims/net_half/0/known_failure/owner'),
      ({'issue': 'none'}, 'claims/net_half/0/known_failure/issue'),
  )
  def test_bad_known_failure(self, changes, message):
    known = {**_KNOWN, **changes}
    self.technique['claims']['net_half'][0]['known_failure'] = known
    code, _, err = self.judge()
    self.assertEqual(code, 2)
    self.assertIn(message, err)

  def judge_with_control(self):
    """Runs the program with a control."""
    record.write(self.run_record, self.root / 'run.json')
    record.write(self.control, self.root / 'control.json')
    return self.judge_files(f'--control={self.root}/control.json')

  def test_a_drop_is_from_the_control(self):
    code, out, err = self.judge_with_control()
    self.assertEqual(code, 1, err)
    self.assertRegex(out, r'accuracy_drop +0\.2 +1\.5 +<= 1 +FAIL')
    self.assertRegex(out, r'zipped_size +- +0\.6 +<= 0\.65 +pass')

  @parameterized.parameters(
      ('seed', 2, 'seed'),
      ('data', 'c' * 64, 'data'),
      ('tier', 'smoke', 'tier'),
      ('instruction_set', 'avx512f', 'processor'),
      ('batches.train', 'd' * 64, 'order of batches'),
      ('lineage', ['b' * 64, 'e' * 64], 'baseline'),
      ('lineage', ['c' * 64], 'number of stages'),
      ('params.trainer', {'train_steps': 3}, 'recipe'),
  )
  def test_control_that_was_not_trained_as_the_run(self, path, value, what):
    _set(vars(self.control), path, value)
    code, _, err = self.judge_with_control()
    self.assertEqual(code, 2)
    self.assertLen(err.splitlines(), 1)
    self.assertIn(f'has another {what}', err)

  def test_what_is_reported_decides_nothing(self):
    self.technique['claims']['net_half'][0]['reported'] = True
    for accuracy in (84.0, 70.0):
      self.run_record.exported['float']['accuracy'] = accuracy
      code, out, _ = self.judge()
      self.assertEqual(code, 0)
      self.assertRegex(out, r'accuracy_drop .* <= 1 +reported')
    self.technique['claims']['net_half'][0]['known_failure'] = _KNOWN
    code, _, err = self.judge()
    self.assertEqual(code, 2)
    self.assertIn('claims/net_half/0', err)

  def test_against_another_metric_of_the_baseline(self):
    self.technique['claims']['net_half'] = [
        {**_CLAIMS[1], 'against': 'exported.float.bytes', 'at_most': 0.41}
    ]
    code, out, _ = self.judge()
    self.assertEqual(code, 0)
    self.assertRegex(out, r'zipped_size +- +0\.4 ')

  def test_what_holds_for_every_row(self):
    self.technique['every'] = [{**_CLAIMS[2], 'id': 'of_all', 'at_most': -1}]
    code, out, _ = self.judge()
    self.assertEqual(code, 1)
    self.assertRegex(out, r'of_all .* FAIL')

  @parameterized.parameters(b'name: [', b'name: \xff')
  def test_technique_that_is_no_yaml(self, text):
    path = self.root / 'technique.yaml'
    path.write_bytes(text)
    with self.assertRaisesRegex(errors.InputError, 'is no YAML'):
      claims.read_technique(str(path))

  def test_what_is_for_noise_is_added_to_what_is_documented(self):
    noisy = {**_CLAIMS[0], 'at_most': 0.7, 'for_noise': 0.8}
    self.technique['claims']['net_half'] = [noisy]
    path = self._write_technique()
    claim, *_ = claims.claims_of(path, 'net_half', 'cpu')
    self.assertEqual((claim.at_most, claim.for_noise), (1.5, 0.8))

  def test_nan_never_holds(self):
    claim = claims.Claim('x', '', 'y', 'value', 'y', 1.0, None, '', '', '', ())
    self.assertFalse(claim.holds(float('nan')))
    claim = dataclasses.replace(claim, at_most=None, at_least=1.0)
    self.assertFalse(claim.holds(float('nan')))

  @parameterized.parameters(
      ('data', 'c' * 64, 'has data bbbb'),
      ('tier', 'smoke', 'has tier cpu, its baseline smoke'),
  )
  def test_runs_that_do_not_belong_together(self, name, value, message):
    setattr(self.baseline, name, value)
    record.write(self.baseline, self.root / 'baseline.json')
    code, _, err = self.judge()
    self.assertEqual(code, 2)
    self.assertIn(message, err)

  def test_run_of_another_baseline(self):
    self.run_record.lineage = ['e' * 64]
    code, _, err = self.judge()
    self.assertEqual(code, 2)
    self.assertIn('does not come from that of net_cifar10', err)

  def test_missing_record(self):
    code, _, err = self.judge_files()
    self.assertEqual(code, 2)
    self.assertIn('run.json: No such file', err)

  @parameterized.parameters(
      ('claims.net_half', None, 'claims'),
      ('claims', {'net_half': []}, 'claims/net_half'),
      ('claims', {'other': _CLAIMS}, 'no claims for net_half'),
      ('claims', {'net_half': [_CLAIMS[0], _CLAIMS[0]]}, 'two claims'),
      ('claims', {'net_half': [{**_CLAIMS[0], 'at_least': 1}]}, 'net_half/0'),
      ('claims', {'net_half': [{**_CLAIMS[0], 'reason': ''}]}, 'reason'),
      ('claims', {'net_half': [{**_CLAIMS[0], 'for_noise': 0}]}, 'for_noise'),
      (
          'claims',
          {'net_half': [{**_LEAST, 'for_noise': 1}]},
          "'at_most' is a dependency of 'for_noise'",
      ),
      (
          'claims',
          {'net_half': [{**_CLAIMS[0], 'tiers': ['smoke']}]},
          'claims nothing on tier cpu',
      ),
      (
          'claims',
          {'net_half': [{**_CLAIMS[0], 'metric': 'exported.gone'}]},
          'has no exported.gone',
      ),
      (
          'claims',
          {'net_half': [{**_CLAIMS[0], 'metric': 'exported.float'}]},
          'not a number',
      ),
      ('floor', '0.8', 'floor'),
      ('owners', [], 'owners'),
  )
  def test_bad_technique(self, path, value, message):
    _set(self.technique, path, value)
    code, _, err = self.judge()
    self.assertEqual(code, 2)
    self.assertLen(err.splitlines(), 1)
    self.assertIn(message, err)

  def test_drop_without_baseline(self):
    claim = claims.claims_of(self._write_technique(), 'net_half', 'cpu')[0]
    with self.assertRaisesRegex(errors.InputError, 'needs --baseline'):
      judge.judge([claim], pairing.Shown([self.run_record]))

  def _write_technique(self):
    path = self.root / 'technique.yaml'
    path.write_text(yaml.safe_dump(self.technique), encoding='utf-8')
    return str(path)


if __name__ == '__main__':
  absltest.main()
