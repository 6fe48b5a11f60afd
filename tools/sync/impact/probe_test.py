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

"""Tests of the numeric probe, with a real model and a mirror that is broken.

They need TensorFlow, the mirror and half a minute: one model is built twice.
"""

import importlib.util
import pathlib
import shutil

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

import tfmot_contrib
from tools.sync.impact import probe
from tools.sync.impact import stale

_ROOT = pathlib.Path(tfmot_contrib.__file__).parents[1]
_PACKAGES = {
    name: pathlib.Path(importlib.util.find_spec(name).origin).parent
    for name in stale.PACKAGES
}
_MODULE = 'tfmot_contrib.baselines.experiments'


def _arrays(**changes):
  """Returns what a process could have computed."""
  return {
      'initial_0000': np.zeros([2, 3]),
      'initial_0001': np.zeros([3]),
      'logits': np.array([1.0, 2.0]),
      'loss': np.array(3.0),
      'weights_0000': np.ones([2, 3]),
      'weights_0001': np.ones([3]),
  } | changes


class CompareTest(parameterized.TestCase):

  def test_identical(self):
    found = probe.compare('x', _arrays(), _arrays())
    self.assertTrue(found.identical)
    self.assertEqual(found.largest, dict.fromkeys(probe.PARTS, 0.0))

  @parameterized.named_parameters(
      ('logits', 'logits', [1.0, 1.5], 'logits', 0.5),
      ('last_weight', 'weights_0001', [1, 1, -1], 'weights', 2.0),
      ('tiny', 'loss', 3.0 + 2.0**-50, 'loss', 2.0**-50),
      ('not_a_number', 'logits', [1.0, np.nan], 'logits', np.inf),
      ('infinite', 'logits', [1.0, np.inf], 'logits', np.inf),
  )
  def test_difference(self, name, value, part, expected):
    found = probe.compare('x', _arrays(), _arrays(**{name: np.array(value)}))
    self.assertEqual(found.largest.pop(part), expected)
    self.assertEqual(set(found.largest.values()), {0.0})
    self.assertFalse(probe.Result('x', largest={part: expected}).identical)

  def test_not_a_number_on_both_sides(self):
    arrays = _arrays(logits=np.array([np.nan, np.inf]))
    self.assertTrue(probe.compare('x', arrays, arrays).identical)

  def test_shape(self):
    other = _arrays(initial_0001=np.zeros([4]), weights_0001=np.zeros([4]))
    found = probe.compare('x', _arrays(), other)
    self.assertEqual(found.structure, 'initial_0001 (3,) -> (4,)')
    self.assertEqual(found.largest, {'logits': 0.0, 'loss': 0.0})
    self.assertFalse(found.identical)

  def test_number_of_weights(self):
    other = _arrays()
    del other['initial_0001'], other['weights_0001']
    found = probe.compare('x', _arrays(), other)
    self.assertEqual(found.structure, '2 weights -> 1')
    self.assertFalse(found.identical)


class ExperimentsTest(absltest.TestCase):

  def test_float_experiments_once(self):
    run = stale.Run('//a:x', 'resnet', 'a.b', '')
    runs = [
        run,
        run._replace(target='//a:y'),
        run._replace(experiment='pruned', baseline='//a:x'),
        run._replace(experiment='', target='//a:all'),
    ]
    self.assertEqual(probe.experiments(runs), ['a.b:resnet'])


class RunTest(absltest.TestCase):

  def mirror(self):
    """Returns a folder with a copy of the mirror."""
    folder = pathlib.Path(self.create_tempdir().full_path)
    ignore = shutil.ignore_patterns('__pycache__', '*.pyc', 'siblings')
    for name, package in _PACKAGES.items():
      shutil.copytree(package, folder / name, ignore=ignore)
    return folder

  def test_process_that_dies(self):
    told = []
    folder = pathlib.Path(self.create_tempdir().full_path)
    found = probe.run(
        folder, folder, _ROOT, ['m:x'], told.append, python='/bin/false'
    )
    why = 'ended with exit code 1'
    self.assertEqual(found, [probe.Result('x', why, why)])
    self.assertEqual(
        told,
        [
            'probe, old mirror: starting TensorFlow',
            'probe, new mirror: starting TensorFlow',
        ],
    )

  def test_changed_activation_is_seen_and_the_other_model_is_not(self):
    old, new = self.mirror(), self.mirror()
    path = new / 'official/vision/modeling/backbones/mobilenet.py'
    text = path.read_text(encoding='utf-8')
    broken = text.replace("'relu6'", "'relu'")
    self.assertNotEqual(text, broken)
    path.chmod(0o644)
    path.write_text(broken, encoding='utf-8')
    names = [
        f'{_MODULE}:{name}'
        for name in ('resnet_cifar10', 'mobilenet_v2_cifar10', 'missing')
    ]
    resnet, mobilenet, missing = probe.run(old, new, _ROOT, names)
    self.assertTrue(resnet.identical, resnet)
    self.assertEqual(set(resnet.largest), set(probe.PARTS))
    self.assertEqual(
        (mobilenet.old_error, mobilenet.new_error, mobilenet.structure),
        ('', '', ''),
    )
    self.assertEqual(mobilenet.largest['initial'], 0)
    for part in ('logits', 'loss', 'weights'):
      self.assertBetween(mobilenet.largest[part], 1e-3, 100, part)
    self.assertStartsWith(missing.old_error, 'LookupError: ')
    self.assertEqual(missing.new_error, missing.old_error)


if __name__ == '__main__':
  absltest.main()
