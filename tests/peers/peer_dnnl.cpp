// oneDNN on the CPU as a peer of `viewsmith bench conv`: nine 3x3 layers, forward and both gradients, 27 parts.
//
// Each part runs the fastest of oneDNN's direct and Winograd algorithms and its own choice, in the layout that oneDNN likes
// best. What a training step must do each time is inside the time: weights come plain (OIHW) and are brought into that
// layout, the gradient of the weights is brought back.
#include <dnnl.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <vector>

using namespace dnnl;
using Work = std::function<void()>;
using Tag = memory::format_tag;

static const memory::dim layers[][3] = {{32, 28, 256}, {64, 28, 256}, {64, 14, 256}, {128, 14, 256}, {128, 7, 256},
                                        {64, 32, 64},  {128, 16, 64}, {256, 8, 64},  {512, 4, 64}}; // channels, side, batch
static const algorithm algorithms[] = {algorithm::convolution_direct, algorithm::convolution_winograd,
                                       algorithm::convolution_auto};

static double now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static double timed(const Work &work, double seconds)
{
    double start = now(), spent;
    int times = 0;
    do {
        work();
        times++;
        spent = now() - start;
    } while (spent < seconds);
    return spent / times;
}

struct Layer {
    engine e{engine::kind::cpu, 0};
    stream s{e};
    memory::dims data, weights, one{1, 1};
    memory plain; // weights, or their gradient, as the user has them

    explicit Layer(const memory::dim *l, memory::dim batch)
        : data{batch ? batch : l[2], l[0], l[1], l[1]}, weights{l[0], l[0], 3, 3}
    {
        plain = make({weights, memory::data_type::f32, Tag::oihw});
    }

    memory::desc any(const memory::dims &d) const
    {
        return {d, memory::data_type::f32, Tag::any};
    }

    // Normal numbers, as on our side: nothing is gained from zeros.
    memory make(const memory::desc &d) const
    {
        memory m(d, e);
        std::mt19937 draw(1);
        std::normal_distribution<float> normal;
        float *x = static_cast<float *>(m.get_data_handle());
        for (size_t i = 0; i < d.get_size() / sizeof *x; i++) x[i] = normal(draw);
        return m;
    }

    convolution_forward::primitive_desc forward_desc(algorithm a) const
    {
        return {{prop_kind::forward_training, a, any(data), any(weights), any(data), one, one, one}, e};
    }

    Work forward(algorithm a)
    {
        auto d = forward_desc(a);
        convolution_forward run(d);
        memory x = make(d.src_desc()), w = make(d.weights_desc()), y = make(d.dst_desc());
        reorder pack(plain, w);
        return [=, this]() mutable {
            pack.execute(s, plain, w);
            run.execute(s, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
            s.wait();
        };
    }

    Work data_gradient(algorithm a)
    {
        convolution_backward_data::primitive_desc d({a, any(data), any(weights), any(data), one, one, one}, e, forward_desc(a));
        convolution_backward_data run(d);
        memory dx = make(d.diff_src_desc()), w = make(d.weights_desc()), dy = make(d.diff_dst_desc());
        reorder pack(plain, w);
        return [=, this]() mutable {
            pack.execute(s, plain, w);
            run.execute(s, {{DNNL_ARG_DIFF_SRC, dx}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DIFF_DST, dy}});
            s.wait();
        };
    }

    Work weight_gradient(algorithm a)
    {
        convolution_backward_weights::primitive_desc d({a, any(data), any(weights), any(data), one, one, one}, e, forward_desc(a));
        convolution_backward_weights run(d);
        memory x = make(d.src_desc()), dw = make(d.diff_weights_desc()), dy = make(d.diff_dst_desc());
        reorder unpack(dw, plain);
        return [=, this]() mutable {
            run.execute(s, {{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_WEIGHTS, dw}, {DNNL_ARG_DIFF_DST, dy}});
            unpack.execute(s, dw, plain);
            s.wait();
        };
    }
};

// The fastest algorithm of one layer and direction, after a warm-up of each; some are not there for every shape.
static Work fastest(Layer *layer, Work (Layer::*direction)(algorithm))
{
    Work best;
    double least = 0;
    for (algorithm a : algorithms) {
        try {
            Work work = (layer->*direction)(a);
            work();
            double took = timed(work, 0.03);
            if (best && took >= least) continue;
            least = took;
            best = work;
        } catch (const error &) {
        }
    }
    return best;
}

int main(int argc, char **argv)
{
    double turn = 0.3;
    memory::dim batch = 0;
    for (int i = 2; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--turn")) turn = atof(argv[i + 1]);
        if (!strcmp(argv[i], "--batch")) batch = atol(argv[i + 1]);
    }
    if (argc < 2 || strcmp(argv[1], "conv")) {
        std::puts("{\"error\": \"oneDNN has a part in bench conv only\"}");
        return 0;
    }
    std::vector<Layer> kept;
    std::vector<Work> parts;
    for (const auto &l : layers) kept.emplace_back(l, batch);
    for (Layer &l : kept)
        for (auto direction : {&Layer::forward, &Layer::data_gradient, &Layer::weight_gradient}) parts.push_back(fastest(&l, direction));
    const version_t *v = version();
    std::printf("{\"name\": \"oneDNN %d.%d.%d\"}\n", v->major, v->minor, v->patch);
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        const char *before = "{\"seconds\": [";
        for (const Work &work : parts) {
            std::printf("%s%.9g", before, timed(work, turn / static_cast<double>(parts.size())));
            before = ", ";
        }
        std::puts("]}");
        std::fflush(stdout);
    }
}
