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

"""Quantization-aware fine-tuning, from the float baselines' models.

The bits and scales of a row of the README's table are in `configs/`.
"""

from official.core import config_definitions as cfg
from official.core import exp_factory
from tfmot_contrib.baselines import experiments as baselines
from tfmot_contrib.baselines import recipes
from tfmot_contrib.quantization import official_qat
from tfmot_contrib.quantization import qat

_RECIPE = recipes.RECIPES['short']

_RECIPE.register('qat', qat.QatConfig)


def _register(model: str) -> None:
  """Registers the same fine-tuning by Official Models' own QAT project."""

  def experiment() -> cfg.ExperimentConfig:
    config = baselines.MODELS[model]()
    technique = official_qat.OfficialQatConfig(
        model=config.task.model,
        l2_weight_decay=config.task.losses.l2_weight_decay,
    )
    return baselines.fine_tuned(config, technique, **_RECIPE._asdict())

  exp_factory.register_config_factory(f'{model}_official_qat')(experiment)


for _model in baselines.MODELS:
  _register(_model)
