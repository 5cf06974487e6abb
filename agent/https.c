/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "agent/https.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "ovs/pki.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

struct https {
    char *remote;
    const char *fingerprint;        /* While connecting. */
    int fd;
    SSL_CTX *ctx;
    SSL *ssl;
    char *distrust;                 /* Why the server is not trusted. */
    long long int server_time;      /* By its answer, or 0. */
};

/* The socket. */

static char *
wait_connected(int fd)
{
    struct pollfd pfd = { .fd = fd, .events = POLLOUT };
    int n;

    do {
        n = poll(&pfd, 1, HTTPS_CONNECT_TIMEOUT_S * 1000);
    } while (n < 0 && errno == EINTR);
    int error = n ? check_connection_completion(fd) : ETIMEDOUT;
    return error ? xstrdup(ovs_strerror(error)) : NULL;
}

static void
make_blocking(int fd)
{
    struct timeval tv = { .tv_sec = HTTPS_TIMEOUT_S };
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

static char *
open_socket(struct https *h)
{
    int error = inet_open_active(SOCK_STREAM, h->remote, -1, NULL, &h->fd, 0);
    char *reason;

    if (error && error != EAGAIN) {
        reason = xstrdup(ovs_strerror(error));
        h->fd = -1;
    } else {
        reason = wait_connected(h->fd);
    }
    if (reason) {
        char *sentence = xasprintf("%s does not accept TCP connections from "
                                   "here (%s): is nethv-gateway running there, "
                                   "and do firewalls let it through?",
                                   h->remote, reason);
        free(reason);
        return sentence;
    }
    make_blocking(h->fd);
    return NULL;
}

/* Trust. */

static char *
to_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    PEM_write_bio_X509(bio, certificate);
    long int n = BIO_get_mem_data(bio, &data);
    char *pem = xmemdup0(data, n);
    BIO_free(bio);
    return pem;
}

/* Returns the certificate of 'chain' that has 'fingerprint', in PEM, or
 * NULL. */
static char *
find_ca(STACK_OF(X509) *chain, const char *fingerprint)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        char digest[PKI_DIGEST_LEN + 1];
        char *pem = to_pem(sk_X509_value(chain, i));
        char *error = pki_fingerprint(pem, digest);
        if (!error && pki_equal(digest, fingerprint)) {
            return pem;
        }
        free(error);
        free(pem);
    }
    return NULL;
}

static char *
check_server(X509 *leaf, STACK_OF(X509) *chain, const char *fingerprint)
{
    char *ca = find_ca(chain, fingerprint);
    if (!ca) {
        return xstrdup("it belongs to another deployment: its certificate "
                       "authority is not the one that the token names");
    }

    struct pki_info info;
    char *pem = to_pem(leaf);
    char *error = pki_check("its certificate", pem, NULL, ca, time_wall());
    if (!error) {
        error = pki_describe(pem, &info);
    }
    if (!error && !info.gateway) {
        error = xasprintf("it shows the certificate of the host \"%s\", which "
                          "is not a gateway", info.name);
    }
    free(pem);
    free(ca);
    return error;
}

/* Called by libssl in place of its own verification. */
static int
verify(X509_STORE_CTX *store, void *h_)
{
    struct https *h = h_;
    free(h->distrust);
    h->distrust = check_server(X509_STORE_CTX_get0_cert(store),
                               X509_STORE_CTX_get0_untrusted(store),
                               h->fingerprint);
    X509_STORE_CTX_set_error(store, (h->distrust ? X509_V_ERR_CERT_UNTRUSTED
                                     : X509_V_OK));
    return !h->distrust;
}

static char *
tls_error(struct https *h, const char *what)
{
    unsigned long int code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    char *error = xasprintf("%s: %s: %s", h->remote, what,
                            h->distrust ? h->distrust
                            : reason ? reason
                            : errno == EAGAIN ? "no answer in time"
                            : errno ? ovs_strerror(errno)
                            : "the connection was closed");
    ERR_clear_error();
    return error;
}

static char *
start_tls(struct https *h)
{
    h->ctx = SSL_CTX_new(TLS_client_method());
    if (!h->ctx) {
        return tls_error(h, "TLS cannot be set up");
    }
    SSL_CTX_set_min_proto_version(h->ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(h->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(h->ctx, verify, h);
    h->ssl = SSL_new(h->ctx);
    if (!h->ssl || !SSL_set_fd(h->ssl, h->fd)) {
        return tls_error(h, "TLS cannot be set up");
    }
    errno = 0;
    return (SSL_connect(h->ssl) == 1 ? NULL
            : tls_error(h, h->distrust ? "this gateway is not trusted"
                           : "the TLS handshake failed"));
}

char *
https_connect(const char *remote, const char *fingerprint, bool *reached,
              struct https **hp)
{
    struct https *h = xzalloc(sizeof *h);
    h->remote = xstrdup(remote);
    h->fingerprint = fingerprint;
    h->fd = -1;

    char *error = open_socket(h);
    if (!error) {
        *reached = true;
        error = start_tls(h);
    }
    if (error) {
        https_close(h);
        return error;
    }
    h->fingerprint = NULL;
    *hp = h;
    return NULL;
}

void
https_close(struct https *h)
{
    if (h) {
        SSL_free(h->ssl);
        SSL_CTX_free(h->ctx);
        if (h->fd >= 0) {
            close(h->fd);
        }
        free(h->distrust);
        free(h->remote);
        free(h);
    }
}

char *
https_local_ip(const struct https *h)
{
    struct sockaddr_storage ss;
    socklen_t n = sizeof ss;
    struct ds s = DS_EMPTY_INITIALIZER;

    if (!getsockname(h->fd, (struct sockaddr *) &ss, &n)) {
        ss_format_address_nobracks(&ss, &s);
    }
    return ds_steal_cstr(&s);
}

/* HTTP. */

static char *
send_request(struct https *h, const char *path, const char *body)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    ds_put_format(&s, "POST %s HTTP/1.1\r\nHost: %s\r\n"
                  "Content-Type: application/json\r\n"
                  "Content-Length: %"PRIuSIZE"\r\nConnection: close\r\n\r\n%s",
                  path, h->remote, strlen(body), body);
    errno = 0;
    bool ok = SSL_write(h->ssl, s.string, s.length) == (int) s.length;
    explicit_bzero(s.string, s.length);
    ds_destroy(&s);
    return ok ? NULL : tls_error(h, "the request could not be sent");
}

/* Reads until the server closes the connection. */
static char *
receive_answer(struct https *h, struct ds *answer)
{
    char buffer[4096];
    int n;

    errno = 0;
    while ((n = SSL_read(h->ssl, buffer, sizeof buffer)) > 0) {
        if (answer->length + n > HTTPS_ANSWER_MAX) {
            return xasprintf("%s: the answer is too long", h->remote);
        }
        ds_put_buffer(answer, buffer, n);
    }
    bool closed = (SSL_get_error(h->ssl, n) == SSL_ERROR_ZERO_RETURN
                   || answer->length);
    return closed ? NULL : tls_error(h, "no answer came");
}

/* Splits 'text' into status and body. */
static bool
parse_answer(const char *text, int *status, char **body)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");
    int code;

    if (!end || !length || length > end
        || sscanf(text, "HTTP/1.%*1d %3d ", &code) != 1
        || strtoul(length + strlen("\r\nContent-Length:"), NULL, 10)
           != strlen(end + 4)) {
        return false;
    }
    *status = code;
    *body = xstrdup(end + 4);
    return true;
}

/* Returns the time in the header "Date", or 0. */
static long long int
parse_date(const char *text)
{
    const char *date = strcasestr(text, "\r\nDate: ");
    struct tm tm = { .tm_sec = 0 };
    return (date && strptime(date + strlen("\r\nDate: "),
                             "%a, %d %b %Y %H:%M:%S GMT", &tm)
            ? timegm(&tm) : 0);
}

long long int
https_server_time(const struct https *h)
{
    return h->server_time;
}

char *
https_post(struct https *h, const char *path, const char *body, int *status,
           char **answer)
{
    struct ds text = DS_EMPTY_INITIALIZER;

    char *error = send_request(h, path, body);
    if (!error) {
        error = receive_answer(h, &text);
    }
    if (!error && !parse_answer(ds_cstr(&text), status, answer)) {
        error = xasprintf("%s: the answer is cut off or is not HTTP",
                          h->remote);
    }
    if (!error) {
        h->server_time = parse_date(ds_cstr(&text));
    }
    ds_destroy(&text);
    return error;
}
