"""The GAN of src/learn/gan.c in PyTorch, at the shipped generator's sizes: `viewsmith bench fit`.

The same networks, losses and updates. The modulated convolution scales the input and the result instead of making a kernel for
every image, which on a CPU is several times faster than the grouped convolution of StyleGAN2's own code."""
import torch
import torch.nn as nn
import torch.nn.functional as F

Z, W, CLASSES, SIDE, IMAGES = 64, 128, 10, 28, 512
WIDTHS, CRITIC = (96, 64, 32), (48, 96, 128)
LAST = torch.channels_last


def leaky(x, gain):
    return F.leaky_relu(x, 0.2) * gain


def pixel_norm(x):
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


class Mapping(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(CLASSES, Z, bias=False)
        self.layers = nn.ModuleList(nn.Linear(2 * Z if i == 0 else W, W) for i in range(3))

    def forward(self, z, onehot):
        x = torch.cat([pixel_norm(z), pixel_norm(self.embed(onehot))], 1)
        for layer in self.layers:
            x = leaky(layer(x), 2 ** 0.5)
        return x


class Modulated(nn.Module):
    """StyleGAN2's modulated convolution with its style."""

    def __init__(self, i, o, kernel, demodulate):
        super().__init__()
        self.style = nn.Linear(W, i)
        nn.init.ones_(self.style.bias)
        self.weight = nn.Parameter(torch.randn(o, i, kernel, kernel) / (i * kernel * kernel) ** 0.5)
        self.bias, self.demodulate = nn.Parameter(torch.zeros(o)), demodulate

    def forward(self, x, w):
        s = self.style(w)
        y = F.conv2d(x * s[:, :, None, None], self.weight, None if self.demodulate else self.bias, padding=self.weight.shape[2] // 2)
        if not self.demodulate:
            return y
        d = torch.rsqrt(s.square() @ self.weight.square().sum((2, 3)).t() + 1e-8)
        return torch.addcmul(self.bias[:, None, None], y, d[:, :, None, None])


class Synthesis(nn.Module):
    def __init__(self):
        super().__init__()
        a, b, c = WIDTHS
        self.start = nn.Parameter(torch.randn(1, a, SIDE // 4, SIDE // 4))
        self.conv = nn.ModuleList(Modulated(i, o, 3, True) for i, o in ((a, a), (a, b), (b, b), (b, c), (c, c)))
        self.up = (False, True, False, True, False)
        self.side = [SIDE // 4, SIDE // 2, SIDE // 2, SIDE, SIDE]
        self.strength = nn.Parameter(torch.zeros(len(self.conv)))
        self.picture = Modulated(c, 1, 1, False)

    def forward(self, w, noise):
        x = self.start.expand(len(w[0]), -1, -1, -1)
        if self.conv[0].weight.is_contiguous(memory_format=LAST):
            x = x.contiguous(memory_format=LAST)
        for k, conv in enumerate(self.conv):
            x = conv(x, w[k])
            if self.up[k]:
                x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = leaky(x + self.strength[k] * noise[k], 2 ** 0.5)
        return torch.tanh(self.picture(x, w[-1]))


def normed(layer):
    return nn.utils.spectral_norm(layer)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        a, b, c = CRITIC
        self.conv = nn.ModuleList(normed(nn.Conv2d(i, o, k, s, 1)) for i, o, k, s in
                                  ((1, a, 4, 2), (a, a, 3, 1), (a, b, 4, 2), (b + 1, b, 3, 1), (b, c, 4, 2)))
        flat = c * (SIDE // 8) ** 2
        self.dense, self.critic = normed(nn.Linear(flat, 2 * c)), normed(nn.Linear(2 * c, 1))
        self.embed, self.label = normed(nn.Linear(CLASSES, 2 * c, bias=False)), nn.Linear(2 * c, CLASSES)

    def forward(self, x, onehot, groups=1):
        for k, conv in enumerate(self.conv):
            if k == 3:  # ProGAN's standard deviation over each group of images as one more channel
                std = [torch.sqrt(part.var(0, unbiased=False) + 1e-8).mean().expand(len(part), 1, *x.shape[2:])
                       for part in x.chunk(groups)]
                x = torch.cat([x, torch.cat(std)], 1)
            x = leaky(conv(x), 1.6)
        x = leaky(self.dense(x.flatten(1)), 1.6)
        return self.critic(x) + (x * self.embed(onehot)).sum(1, keepdim=True), self.label(x)


class Step:
    """One update of both players on `batch` real images."""

    def __init__(self, batch, layout, bf16):
        torch.manual_seed(0)
        self.batch, self.layout, self.bf16 = batch, layout, bf16
        self.mapping, self.synthesis, self.critic = Mapping(), Synthesis(), Critic()
        for net in (self.synthesis, self.critic):
            net.to(memory_format=layout)
        made, judged = [*self.synthesis.parameters()], [*self.critic.parameters()]
        adam = {"betas": (0, 0.99), "eps": 1e-8}
        self.descent_g = torch.optim.Adam([{"params": made}, {"params": [*self.mapping.parameters()], "lr": 4e-5}], lr=4e-4, **adam)
        self.descent_d = torch.optim.Adam(judged, lr=4e-4, **adam)
        self.live = [p.detach() for p in made + [*self.mapping.parameters()]]
        self.average = [p.clone() for p in self.live]
        self.real = torch.randint(0, 256, (IMAGES, 1, SIDE, SIDE), dtype=torch.uint8)
        self.label = torch.randint(0, CLASSES, (IMAGES,))

    def draw(self):
        n, layers = self.batch, len(self.synthesis.conv) + 1
        at = torch.randint(0, IMAGES, (n,))
        self.image = (self.real[at].float() / 127.5 - 1).contiguous(memory_format=self.layout)
        self.real_label = self.label[at]
        self.fake_label = torch.randint(0, CLASSES, (n // 2,)).repeat(2)
        self.z = torch.randn(n, Z)
        self.cross = torch.where(torch.rand(n) < 0.3, torch.randint(1, layers, (n,)), torch.tensor(layers))
        self.noise = [torch.randn(n, 1, side, side) for side in self.synthesis.side]

    def fakes(self):
        w = self.mapping(self.z, F.one_hot(self.fake_label, CLASSES).float())
        partner = w.roll(self.batch // 2, 0)  # of the same class
        mixed = [torch.where((self.cross > k)[:, None], w, partner) for k in range(len(self.synthesis.conv) + 1)]
        return self.synthesis(mixed, self.noise)

    def judge(self, image, label, groups=1):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            critic, guess = self.critic(image, F.one_hot(label, CLASSES).float(), groups)
        return critic.float(), guess.float()

    def __call__(self):
        self.draw()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            fake = self.fakes()
        fake = fake.float()
        self.descent_d.zero_grad()
        critic, guess = self.judge(torch.cat([self.image, fake.detach()]), torch.cat([self.real_label, self.fake_label]), 2)
        real, made = critic.chunk(2)
        (F.relu(1 - real).mean() + 0.1 * F.cross_entropy(guess[:self.batch], self.real_label) + F.relu(1 + made).mean()).backward()
        self.descent_d.step()

        self.descent_g.zero_grad()
        self.critic.requires_grad_(False)
        critic, guess = self.judge(fake, self.fake_label)
        (0.1 * F.cross_entropy(guess, self.fake_label) - critic.mean()).backward()
        self.critic.requires_grad_(True)
        self.descent_g.step()
        torch._foreach_mul_(self.average, 0.9956)
        torch._foreach_add_(self.average, self.live, alpha=1 - 0.9956)
