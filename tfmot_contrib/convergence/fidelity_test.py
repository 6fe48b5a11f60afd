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

"""Tests that an export which is not the trained model is seen."""

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib.convergence import fidelity
from tfmot_contrib.convergence import reference_testing

_EXPORT = {
    **reference_testing.EXPORTED,
    'accuracy': 80.0,
    'mirrored_accuracy': 80.5,
    'keras_gap': 0.0,
    'logit_gap': 0.0,
}


def _run(kind='float', tier='cpu', steps=3, keras=0.8, **changed):
  return reference_testing.run(
      1,
      tier=tier,
      training={'steps': steps},
      keras={'accuracy': keras},
      exported={kind: _EXPORT | changed},
  )


class FidelityTest(parameterized.TestCase):

  @parameterized.named_parameters(
      ('float', 'float', {}, None),
      ('float_rounds', 'float', {'logit_gap': 5e-6}, None),
      ('float_logits', 'float', {'logit_gap': 0.01}, 'logit_gap'),
      ('float_accuracy', 'float', {'keras_gap': 1.0}, 'keras_gap'),
      ('sparse_logits', 'sparse', {'logit_gap': 0.01}, 'logit_gap'),
      ('float16_rounds', 'float16', {'logit_gap': 0.001}, None),
      ('float16_logits', 'float16', {'logit_gap': 0.05}, 'logit_gap'),
      ('dynamic', 'dynamic_range', {'logit_gap': 0.009}, None),
      ('int8', 'int8', {'logit_gap': 0.1}, None),
      ('int8_logits', 'int8', {'logit_gap': 0.9}, 'logit_gap'),
      ('int8_is_float', 'int8', {'logit_gap': 1e-6}, 'logit_gap'),
      ('float16_is_float', 'float16', {'logit_gap': 1e-6}, 'logit_gap'),
      ('qat', 'qat_int8', {'logit_gap': 0.0}, None),
      ('top_5_for_top_1', 'qat_int8', {'keras_gap': 15.0}, 'keras_gap'),
      ('mirrored', 'float', {'mirrored_accuracy': 60.0}, 'mirrored_accuracy'),
  )
  def test_export(self, kind, changed, wrong):
    found = [p for p, _, _ in fidelity.strays(_run(kind, **changed), None)]
    self.assertEqual(found, [f'exported.{kind}.{wrong}'] if wrong else [])

  @parameterized.parameters(
      {'keras_gap': 0.390625},  # An image.
      {'mirrored_accuracy': 75.0},
  )
  def test_smoke_run(self, **changed):
    self.assertEmpty(fidelity.strays(_run(tier='smoke', **changed), None))
    self.assertLen(fidelity.strays(_run(**changed), None), 1)

  def test_start_that_was_not_restored(self):
    baseline = _run(keras=0.9)
    self.assertEmpty(fidelity.strays(_run(steps=0, keras=0.9), baseline))
    self.assertEmpty(fidelity.strays(_run(keras=0.8), baseline))
    self.assertEqual(
        fidelity.strays(_run(steps=0, keras=0.8), baseline),
        [('keras.accuracy', 0.9, 0.8)],
    )
    del baseline.keras['accuracy']
    self.assertEqual(
        fidelity.strays(_run(steps=0, keras=0.8), baseline),
        [('keras.accuracy', None, 0.8)],
    )

  def test_older_record(self):
    run = _run()
    del run.exported['float']['mirrored_accuracy']
    self.assertEmpty(fidelity.strays(run, None))


if __name__ == '__main__':
  absltest.main()
