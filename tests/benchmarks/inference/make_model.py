"""make_model.py MODEL FOLDER: writes a checkpoint of the model's shape, with random weights.

Zeros would flatter the multipliers, and weights of norms around zero would leave
nothing of what goes through them.
"""

import sys

import torch
import transformers

from models import MODELS

SEED = 7
DEVIATION = 0.02


def main():
    name, folder = sys.argv[1:]
    settings = dict(MODELS[name].config)
    config = transformers.AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = getattr(transformers, config.architectures[0])(config)
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            parameter.normal_(0, DEVIATION, generator=generator)
            if parameter.dim() == 1 and key.endswith("weight"):
                parameter.add_(1)
    model.save_pretrained(folder)


if __name__ == "__main__":
    main()
