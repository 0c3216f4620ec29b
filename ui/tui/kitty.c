/* kitty's graphics protocol: one string for the first chunk with all that is to be said, short ones for the
 * rest. */
#include "tui/kitty.h"

/* C=1 leaves the cursor alone, q=2 asks for no answers. */
void kitty_show(Buf *out, uint32_t id, Rect at, const uint8_t *png, size_t n)
{
    static const size_t chunk = KITTY_CHUNK / 4 * 3;
    buf_printf(out, "\033[%d;%dH\033_Ga=T,f=100,t=d,i=%u,p=1,c=%d,r=%d,C=1,q=2,", at.y + 1, at.x + 1, id,
               at.w, at.h);
    for (size_t done = 0; done < n; done += chunk) {
        size_t take = n - done < chunk ? n - done : chunk;
        if (done) buf_str(out, "\033_G");
        buf_str(out, done + take < n ? "m=1;" : "m=0;");
        buf_base64(out, png + done, take);
        buf_str(out, "\033\\");
    }
}

void kitty_delete(Buf *out, uint32_t id)
{
    buf_printf(out, "\033_Ga=d,d=I,i=%u,q=2\033\\", id);
}

void kitty_delete_all(Buf *out)
{
    buf_str(out, "\033_Ga=d,d=A,q=2\033\\");
}
