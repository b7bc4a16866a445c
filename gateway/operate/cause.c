/* SPDX-License-Identifier: Apache-2.0 */
/* Every cause of the spool in words.  The test of this table looks through the sources for causes
 * that it does not have. */
#include "operate/cause.h"

#include <stddef.h>
#include <string.h>

/* The first row that fits counts.  A key that ends in '*' fits whatever begins so; another one fits
 * itself, alone or with a place behind it. */
static const struct words {
    const char *key, *vi, *en;
} table[] = {
    /* what is wrong with a document: adapt/problem.h */
    {"syntax",
     "Tài liệu không đúng cú pháp hoặc không phải UTF-8. Xem bản gốc; đề nghị bên gửi sửa và gửi "
     "lại, hoặc sửa ngay tại đây rồi cho chạy lại.",
     "The document is not well-formed or not UTF-8. Look at the original; ask the sender to mend "
     "and send it again, or edit it here and replay it."},
    {"forbidden-xml",
     "Tài liệu có DOCTYPE hoặc thực thể XML, bị cấm vì lý do an toàn. Đề nghị bên gửi bỏ phần này.",
     "The document has a DOCTYPE or an XML entity, which is forbidden for safety. Ask the sender "
     "to leave it out."},
    {"limit",
     "Tài liệu vượt giới hạn về dung lượng, độ sâu hoặc số phần tử. Đề nghị bên gửi tách nhỏ, hoặc "
     "xem lại adapters.limits trong cấu hình.",
     "The document is over a limit of size, depth or number of elements. Ask the sender to split "
     "it, or look at adapters.limits in the configuration."},
    {"namespace",
     "Không gian tên (namespace) XML không thuộc định dạng đã khai báo. Kiểm tra phiên bản định "
     "dạng với bên gửi.",
     "The XML namespace is not the declared format's. Check the version of the format with the "
     "sender."},
    {"schema",
     "Tài liệu không hợp lệ theo lược đồ (XSD) của định dạng. Sửa tại vị trí đã nêu rồi cho chạy "
     "lại, hoặc đề nghị bên gửi sửa.",
     "The format's schema (XSD) does not allow this. Mend it at the place that is named and replay "
     "it, or ask the sender to."},
    {"unrecognised",
     "Không nhận ra loại thông điệp nào của định dạng. Kiểm tra với bên gửi xem đã chọn đúng định "
     "dạng chưa, và khai báo adapters trong partners.yaml.",
     "No message of the format looks like this. Check with the sender that the format is the right "
     "one, and the partner's adapters in partners.yaml."},
    {"missing",
     "Thiếu giá trị bắt buộc. Bổ sung tại vị trí đã nêu rồi cho chạy lại, hoặc đề nghị bên gửi bổ "
     "sung.",
     "A required value is missing. Add it at the place that is named and replay it, or ask the "
     "sender for it."},
    {"time", "Thời gian không tồn tại hoặc sai dạng. Sửa theo dạng của định dạng rồi cho chạy lại.",
     "There is no such time, or it is not written as the format wants it. Mend it and replay it."},
    {"number", "Giá trị không phải số nguyên hợp lệ. Sửa rồi cho chạy lại.",
     "The value is no whole number in range. Mend it and replay it."},
    {"boolean", "Giá trị không phải đúng/sai. Sửa rồi cho chạy lại.",
     "The value is neither true nor false. Mend it and replay it."},
    {"code",
     "Mã không có trong danh mục. Nếu là mã mới hợp lệ, bổ sung danh mục của bộ chuyển đổi rồi cho "
     "chạy lại cả nhóm; nếu bên gửi dùng sai, sửa mã.",
     "The code is not in the list. If it is new and valid, add it to the adapter's list and replay "
     "the whole group; if the sender is wrong, mend the code."},
    {"agency",
     "Mã cơ quan sai dạng, không tồn tại hoặc không còn hiệu lực vào ngày đó. Kiểm tra với bên "
     "gửi, "
     "hoặc bổ sung agencies.csv, nạp lại danh mục rồi cho chạy lại.",
     "The agency's code is malformed, unknown or not valid on that day. Check it with the sender, "
     "or enter it in agencies.csv, reload the directory and replay."},
    {"handoff",
     "Thiếu nơi chuyển hoặc nơi nhận, hoặc hai nơi trùng nhau. Sửa hồ sơ chuyển rồi cho chạy lại.",
     "The handoff lacks its sender or receiver, or they are the same. Mend it and replay it."},
    {"base64",
     "Nội dung tệp đính kèm không phải base64 hợp lệ, có thể bị cắt khi truyền. Đề nghị bên gửi "
     "gửi lại.",
     "The attachment is not valid base64; it may have been cut on its way. Ask the sender for it "
     "again."},
    {"hash",
     "Mã băm sai dạng hoặc không khớp với tệp: tệp đã bị hỏng hoặc bị thay. Đề nghị bên gửi gửi "
     "lại.",
     "The hash is malformed or not that of the file: the file was damaged or exchanged. Ask the "
     "sender for it again."},
    {"text",
     "Văn bản có ký tự điều khiển, quá dài hoặc không dùng được ở vị trí này. Sửa rồi cho chạy "
     "lại.",
     "The text has control characters, is too long or cannot stand here. Mend it and replay it."},
    {"conflict",
     "Bên gửi dùng lại mã thông điệp cũ cho nội dung khác. So sánh hai bản: nếu là thông điệp mới, "
     "đề nghị bên gửi đặt mã mới; nếu gửi nhầm, loại bỏ kèm lý do.",
     "The sender used the id of an earlier message for another content. Compare the two: if it is "
     "a new message, ask the sender for a new id; if it was a mistake, discard it with a reason."},
    {"signature",
     "Văn bản không được ký số đúng như đã thỏa thuận. Xem lý do; đề nghị bên gửi ký lại và gửi "
     "lại, hoặc xem lại signatures trong partners.yaml. Không thể cho chạy lại nguyên trạng.",
     "The document is not signed as was agreed. Look at the reason; ask the sender to sign and "
     "send "
     "it again, or look at signatures in partners.yaml. It cannot be replayed as it is."},

    /* nobody is found to deliver to: deliver/finding.h */
    {"route /handoff/to_agency missing",
     "Không ghi mã cơ quan nhận. Hỏi lại bên gửi, rồi chọn nơi nhận cho hồ sơ này.",
     "It names no agency that should get it. Ask the sender, then choose where this one goes."},
    {"route /handoff/to_agency malformed",
     "Mã cơ quan nhận không đúng định dạng. Hỏi lại bên gửi, rồi chọn nơi nhận cho hồ sơ này.",
     "The receiving agency's code is malformed. Ask the sender, then choose where this one goes."},
    {"route /handoff/to_agency unknown",
     "Mã cơ quan nhận không có trong danh mục. Kiểm tra với bên gửi, hoặc bổ sung agencies.csv và "
     "nạp lại danh mục, rồi chọn nơi nhận.",
     "The receiving agency is not in our directory. Check it with the sender, or enter it in "
     "agencies.csv and reload the directory, then choose where this one goes."},
    {"route /handoff/to_agency not-yet-valid",
     "Cơ quan nhận chưa được thành lập vào ngày của sự kiện. Kiểm tra mã và ngày với bên gửi.",
     "The receiving agency did not exist yet on the event's day. Check code and date with the "
     "sender."},
    {"route /handoff/to_agency closed",
     "Cơ quan nhận đã kết thúc hoạt động và chưa rõ đơn vị kế thừa. Bổ sung đơn vị kế thừa vào "
     "agencies.csv, nạp lại danh mục, rồi chọn nơi nhận.",
     "The receiving agency was closed and no successor is known. Enter it in agencies.csv, reload "
     "the directory, then choose where this one goes."},
    {"route /handoff/to_agency nobody",
     "Chưa có hệ thống nào nhận cho cơ quan này. Khai báo hệ thống của cơ quan trong "
     "partners.yaml, nạp lại danh mục, rồi chọn nơi nhận.",
     "No system speaks for the receiving agency. Enter its system in partners.yaml, reload the "
     "directory, then choose where this one goes."},
    {"route /handoff/from_agency missing",
     "Hồ sơ trả lại nhưng không ghi nơi đã chuyển. Hỏi lại bên gửi, rồi chọn nơi nhận cho hồ sơ "
     "này.",
     "It goes back, and does not say whence it came. Ask the sender, then choose where this one "
     "goes."},
    {"route /handoff/from_agency malformed",
     "Hồ sơ trả lại có mã nơi đã chuyển không đúng định dạng. Hỏi lại bên gửi, rồi chọn nơi nhận.",
     "It goes back to an agency whose code is malformed. Ask the sender, then choose where this "
     "one goes."},
    {"route /handoff/from_agency unknown",
     "Hồ sơ trả lại cho cơ quan không có trong danh mục. Kiểm tra với bên gửi, hoặc bổ sung "
     "agencies.csv và nạp lại danh mục, rồi chọn nơi nhận.",
     "It goes back to an agency that is not in our directory. Check it with the sender, or enter "
     "it in agencies.csv and reload the directory, then choose where this one goes."},
    {"route /handoff/from_agency not-yet-valid",
     "Hồ sơ trả lại cho cơ quan chưa được thành lập vào ngày của sự kiện. Kiểm tra mã và ngày với "
     "bên gửi.",
     "It goes back to an agency that did not exist yet on the event's day. Check code and date "
     "with the sender."},
    {"route /handoff/from_agency closed",
     "Hồ sơ trả lại cho cơ quan đã kết thúc hoạt động, chưa rõ đơn vị kế thừa. Bổ sung vào "
     "agencies.csv, nạp lại danh mục, rồi chọn nơi nhận.",
     "It goes back to an agency that was closed, and no successor is known. Enter it in "
     "agencies.csv, reload the directory, then choose where this one goes."},
    {"route /handoff/from_agency nobody",
     "Chưa có hệ thống nào nhận cho cơ quan được trả lại hồ sơ. Khai báo trong partners.yaml, nạp "
     "lại danh mục, rồi chọn nơi nhận.",
     "No system speaks for the agency to which it goes back. Enter its system in partners.yaml, "
     "reload the directory, then choose where this one goes."},
    {"route", "Không xác định được nơi nhận. Xem lý do trong phần chi tiết, rồi chọn nơi nhận.",
     "It is not known where it should go. Read the detail, then choose where this one goes."},

    /* what the partner's system answered: adapt/service.h */
    {"answer:unclear",
     "Hệ thống nhận trả lời nhưng không hiểu được câu trả lời. Kiểm tra địa chỉ trong "
     "partners.yaml "
     "và hỏi bên nhận; cổng tự thử lại.",
     "The partner's system answered something that is not understood. Check the address in "
     "partners.yaml and ask the partner; it is tried again by itself."},
    {"answer:repeated", "Bên nhận đã có thông điệp này từ trước; không cần làm gì.",
     "The partner has had this message before; nothing is to be done."},
    {"answer:conflict",
     "Bên nhận đã có thông điệp cùng mã nhưng khác nội dung. Đối chiếu với bên nhận trước khi gửi "
     "lại hoặc loại bỏ.",
     "The partner has another content under the same id. Compare with the partner before it is "
     "tried again or discarded."},
    {"answer:invalid-document",
     "Bên nhận báo dữ liệu không hợp lệ. Xem chi tiết, sửa mục gốc hoặc bộ chuyển đổi, rồi gửi "
     "lại.",
     "The partner says that the data are not valid. Read the detail, mend the entry or the "
     "adapter, then try it again."},
    {"answer:status=401",
     "Hệ thống nhận không chấp nhận tên hoặc mật khẩu. Kiểm tra user và password_file của đối tác; "
     "cổng tự thử lại.",
     "The partner's system does not take our name or password. Check the partner's user and "
     "password_file; it is tried again by itself."},
    {"answer:status=403",
     "Hệ thống nhận không cho phép. Hỏi bên nhận về quyền của tài khoản, rồi gửi lại.",
     "The partner's system does not allow it. Ask the partner about the account's rights, then try "
     "it again."},
    {"answer:status=404",
     "Địa chỉ nhận không tồn tại. Kiểm tra url của đối tác trong partners.yaml, rồi gửi lại.",
     "There is nothing at the partner's address. Check its url in partners.yaml, then try again."},
    {"answer:status=413",
     "Bên nhận báo tài liệu quá lớn. Thỏa thuận giới hạn với bên nhận, hoặc đặt files: url cho đối "
     "tác, rồi gửi lại.",
     "The document is too large for the partner. Agree on a limit with it, or set the partner's "
     "files: url, then try it again."},
    {"answer:status=429", "Bên nhận đề nghị gửi chậm lại; cổng tự chờ và thử lại.",
     "The partner wants us to slow down; it is waited and tried again by itself."},
    {"answer:status=5*",
     "Hệ thống nhận gặp lỗi khi xử lý. Cổng tự thử lại; nếu kéo dài, báo bên nhận.",
     "The partner's system failed at it. It is tried again by itself; if it lasts, tell the "
     "partner."},
    {"answer:status=4*",
     "Hệ thống nhận từ chối tài liệu này. Xem chi tiết, sửa nguyên nhân, rồi gửi lại hoặc loại bỏ.",
     "The partner's system refuses this document. Read the detail, mend the reason, then try it "
     "again or discard it."},
    {"answer:*",
     "Hệ thống nhận từ chối bằng mã riêng của nó. Xem chi tiết hoặc hỏi bên nhận, rồi gửi lại hoặc "
     "loại bỏ.",
     "The partner's system refused it with a code of its own. Read the detail or ask the partner, "
     "then try it again or discard it."},

    /* the way to the partner's system: deliver/outcome.c, deliver/ended.c */
    {"connect:dns",
     "Không tìm thấy địa chỉ mạng của hệ thống nhận. Kiểm tra url trong partners.yaml và máy chủ "
     "DNS; cổng tự thử lại.",
     "The host of the partner's system has no address. Check the url in partners.yaml and the name "
     "server; it is tried again by itself."},
    {"connect:refused",
     "Hệ thống nhận không mở kết nối: đang tắt, hoặc bị tường lửa chặn. Báo bên nhận; cổng tự thử "
     "lại.",
     "Nobody takes connections at the partner's address: it is off, or a firewall is before it. "
     "Tell the partner; it is tried again by itself."},
    {"connect:timeout", "Hệ thống nhận không trả lời kịp; có thể đã nhận được. Cổng tự thử lại.",
     "The partner's system did not answer in time; it may have received it. It is tried again by "
     "itself."},
    {"connect:cut",
     "Kết nối bị ngắt giữa chừng; có thể bên nhận đã nhận được. Cổng tự thử lại. Nếu lần nào cũng "
     "vậy, hỏi bên nhận có đòi chứng thư của cổng không.",
     "The connection was cut; the partner may have received it. It is tried again by itself. If it "
     "always is, ask whether they want a certificate of ours."},
    {"connect:http2",
     "Lỗi HTTP/2 với hệ thống nhận. Nếu lặp lại, đặt allow_http2: false cho đối tác.",
     "HTTP/2 failed with the partner's system. If it lasts, set the partner's allow_http2: false."},
    {"connect:protocol",
     "Địa chỉ của đối tác không phải dịch vụ HTTP. Kiểm tra url trong partners.yaml.",
     "What answers at the partner's address is no HTTP. Check the url in partners.yaml."},
    {"connect:failed", "Không kết nối được tới hệ thống nhận. Xem chi tiết; cổng tự thử lại.",
     "The connection to the partner's system failed. Read the detail; it is tried again by "
     "itself."},
    {"tls:handshake",
     "Không thỏa thuận được TLS với hệ thống nhận. Kiểm tra phiên bản TLS cùng bên nhận, và xem họ "
     "có đòi chứng thư của cổng không.",
     "There is no TLS that both sides know, or the partner wants a certificate of ours. Check both "
     "with the partner."},
    {"tls:certificate",
     "Chứng thư của hệ thống nhận không đáng tin: hết hạn, sai tên, hoặc CA lạ. Báo bên nhận, hoặc "
     "đặt ca_file cho đối tác.",
     "The partner's certificate is not to be trusted: expired, of another name, or of an unknown "
     "authority. Tell the partner, or set its ca_file."},
    {"tls:ca_file", "Không dùng được ca_file của đối tác. Kiểm tra tệp trong partners.yaml.",
     "The partner's ca_file cannot be used. Check the file that partners.yaml names."},
    {"tls:certificate_file",
     "Không dùng được chứng thư hoặc khóa của cổng. Kiểm tra certificate_file và key_file của đối "
     "tác.",
     "Our certificate or key cannot be used. Check the partner's certificate_file and key_file."},
    {"tls:certificate_refused",
     "Hệ thống nhận không chấp nhận chứng thư của cổng: thiếu, hết hạn, hoặc CA lạ. Xem chi tiết; "
     "thay certificate_file và key_file của đối tác; cổng tự thử lại.",
     "The partner's system does not take our certificate: there is none, it has ended, or its "
     "authority is not known there. Read the detail and exchange the partner's certificate_file "
     "and key_file; it is tried again by itself."},
    {"http:redirect",
     "Địa chỉ của đối tác chuyển hướng sang nơi khác; cổng không đi theo. Sửa url trong "
     "partners.yaml.",
     "The partner's address leads elsewhere, and redirects are not followed. Mend the url in "
     "partners.yaml."},
    {"http:*",
     "Hệ thống nhận trả lời lỗi HTTP. Xem chi tiết; cổng tự thử lại, nếu kéo dài hãy báo bên nhận.",
     "The partner's system answered with an error of HTTP. Read the detail; it is tried again by "
     "itself, and if it lasts, tell the partner."},
    {"login:unreached", "Không tới được dịch vụ đăng nhập của đối tác; cổng tự thử lại.",
     "The partner's login cannot be reached; it is tried again by itself."},
    {"login:refused",
     "Đối tác không chấp nhận tên hoặc mật khẩu. Kiểm tra user và password_file của đối tác.",
     "The partner does not take our name or password. Check the partner's user and "
     "password_file."},
    {"login:failed", "Đăng nhập vào hệ thống đối tác bị lỗi; cổng tự thử lại.",
     "The login at the partner failed; it is tried again by itself."},
    {"partner:gone",
     "Hệ thống nhận không còn trong partners.yaml, hoặc không được gửi đến nữa. Khai báo lại và "
     "nạp lại danh mục thì hồ sơ tự đi tiếp; hoặc chọn hệ thống khác nhận.",
     "The partner is not in partners.yaml any more, or not delivered to. Enter it again and reload "
     "the directory: this goes out by itself, in order; or give it to another system."},
    {"partner:settings",
     "Khai báo của đối tác trong partners.yaml không dùng được. Xem chi tiết, sửa rồi nạp lại danh "
     "mục.",
     "The partner's settings in partners.yaml cannot be used. Read the detail, mend them and "
     "reload the directory."},

    /* the mailbox: api/returned.h */
    {"inbox:unanswered", "Đối tác đã lấy về nhưng chưa xác nhận; cổng sẽ đưa lại sau.",
     "The partner fetched it and has not answered; it will be offered again."},
    {"inbox:accepted", "Đối tác đã nhận qua hộp thư; không cần làm gì.",
     "The partner accepted it from its mailbox; nothing is to be done."},
    {"inbox:refused", "Đối tác trả lại hồ sơ chuyển qua hộp thư, kèm lý do; bên gửi đã được báo.",
     "The partner refused the handoff in its mailbox, with a reason; its sender was told."},

    /* making the document: deliver/prepare.c, deliver/hand_out.c */
    {"format:cannot-say",
     "Định dạng của đối tác không diễn đạt được sự kiện này. Xem chi tiết; bổ sung bộ chuyển đổi "
     "hoặc đổi adapter của đối tác, rồi gửi lại.",
     "The partner's format cannot say this event. Read the detail; extend the adapter or give the "
     "partner another, then try it again."},
    {"document:too-large",
     "Tài liệu quá lớn để đưa qua hộp thư của đối tác. Thoả thuận gửi địa chỉ thay cho tệp (files: "
     "url) nếu định dạng có chỗ cho địa chỉ, hoặc gửi đẩy (by: push), rồi gửi lại.",
     "The document is too large for the partner's mailbox. Agree on addresses in place of files "
     "(files: url) where the format has a place for them, or push to it (by: push); then try it "
     "again."},
    {"write:failed", "Tạm thời chưa tạo được tài liệu cho đối tác; cổng tự thử lại.",
     "The partner's document could not be made for now; it is tried again by itself."},
    {"file:not-kept",
     "Không giữ được tệp mới tạo cho đối tác: quá lớn so với giới hạn. Xem files.file_limit_bytes, "
     "rồi gửi lại.",
     "A file that was made for the partner could not be kept: it is over the limit. Look at "
     "files.file_limit_bytes, then try it again."},
    {"file:missing",
     "Tệp đính kèm không còn trong kho. Khôi phục từ bản sao lưu hoặc đề nghị bên gửi gửi lại, rồi "
     "gửi lại.",
     "An attachment is not in the store. Restore it from a backup or ask the sender for it, then "
     "try it again."},
    {"file:not-attached",
     "Không gửi kèm được các tệp của tài liệu: thiếu tệp trong kho, hoặc quá nhiều tệp. Xem chi "
     "tiết, rồi gửi lại hoặc đề nghị bên gửi gửi lại.",
     "The document's files cannot go along with it: one is not in the store, or there are too "
     "many. Read the detail, then try it again or ask the sender for it."},
    {"file:not-fetched",
     "Không tải được tệp mà bên gửi nêu bằng địa chỉ. Kiểm tra máy chủ của bên gửi và "
     "fetch_files_from trong partners.yaml, rồi gửi lại.",
     "A file that the sender named by address could not be fetched. Check the sender's server and "
     "fetch_files_from in partners.yaml, then try it again."},
    {"file:unreadable",
     "Tệp đính kèm trong kho bị hỏng. Khôi phục từ bản sao lưu hoặc đề nghị bên gửi gửi lại.",
     "An attachment in the store is damaged. Restore it from a backup or ask the sender for it."},
    {"gateway:memory", "Cổng tạm hết bộ nhớ; tự thử lại. Nếu lặp lại, tăng bộ nhớ máy chủ.",
     "The gateway was out of memory; it is tried again by itself. If it lasts, give it more."},
    {"gateway:libcurl",
     "Cổng không khởi tạo được kết nối HTTP; tự thử lại. Nếu lặp lại, kiểm tra cài đặt libcurl.",
     "The gateway could not set up an HTTP connection; it is tried again by itself. If it lasts, "
     "check the installation of libcurl."},

    /* events as they came back from Kafka: kafka/arrivals.c */
    {"event:damaged",
     "Sự kiện lưu trong sổ bị hỏng. Chạy `lienthong spool check` và khôi phục từ bản sao lưu hoặc "
     "từ Kafka.",
     "The stored event is damaged. Run `lienthong spool check`, and restore it from a backup or "
     "from Kafka."},
    {"event:unreadable",
     "Không đọc được sự kiện theo lược đồ đã lưu. Kiểm tra phiên bản chương trình và lược đồ.",
     "The event cannot be read under the schema that it was stored with. Check the versions of "
     "program and schema."},
    {"event:empty",
     "Bản ghi trên Kafka không có nội dung. Tìm xem ứng dụng nào đã ghi, rồi loại bỏ.",
     "The record on Kafka has no content. Find out which application wrote it, then discard it."},
    {"event:framing",
     "Bản ghi trên Kafka không có phần đầu mang mã lược đồ. Tìm xem ứng dụng nào đã ghi, rồi loại "
     "bỏ.",
     "The record on Kafka does not begin with the number of a schema. Find out which application "
     "wrote it, then discard it."},
    {"event:schema",
     "Sổ đăng ký không có lược đồ của bản ghi này. Kiểm tra sổ đăng ký lược đồ, hoặc loại bỏ.",
     "The registry does not have the record's schema. Check the registry, or discard it."},
    {"event:undecodable",
     "Nội dung bản ghi trên Kafka không khớp với lược đồ của nó. Tìm xem ứng dụng nào đã ghi, rồi "
     "loại bỏ.",
     "The record on Kafka is not what its schema says. Find out which application wrote it, then "
     "discard it."},
    {"event:foreign",
     "Bản ghi trên Kafka không phải sự kiện hồ sơ của cổng. Tìm xem ứng dụng nào đã ghi, rồi loại "
     "bỏ.",
     "The record on Kafka is no event of a dossier. Find out which application wrote it, then "
     "discard it."},

    /* publishing: kafka/carrier.c */
    {"spool:damaged",
     "Sự kiện lưu trong sổ không còn khớp với mã băm của nó: đĩa có thể đang hỏng. Chạy `lienthong "
     "spool check`, kiểm tra đĩa, khôi phục từ bản sao lưu.",
     "The stored event is not what its digest says: the disk may be failing. Run `lienthong spool "
     "check`, check the disk, restore from a backup."},
    {"kafka:MSG_SIZE_TOO_LARGE",
     "Sự kiện lớn hơn mức Kafka cho phép. Tăng max.message.bytes của topic, rồi cho chạy lại.",
     "The event is larger than Kafka allows. Raise max.message.bytes of the topic, then replay "
     "it."},
    {"kafka:RECORD_LIST_TOO_LARGE",
     "Lô bản ghi lớn hơn mức Kafka cho phép. Tăng segment.bytes của topic, rồi cho chạy lại.",
     "The batch is larger than Kafka allows. Raise segment.bytes of the topic, then replay it."},
    {"kafka:*",
     "Kafka không nhận bản ghi này. Xem chi tiết và nhật ký của Kafka, sửa nguyên nhân, rồi cho "
     "chạy lại.",
     "Kafka does not take this record. Read the detail and the broker's log, mend the reason, then "
     "replay it."},
};

static const struct words none = {"", "Không ghi nguyên nhân.", "No cause is on record."};
static const struct words unknown = {"", "Nguyên nhân chưa có lời giải thích; xem phần chi tiết.",
                                     "There are no words for this cause; read the detail."};

static bool fits(const char *key, const char *cause)
{
    size_t size = strlen(key);
    if (key[size - 1] == '*')
        return strncmp(key, cause, size - 1) == 0;
    return strncmp(key, cause, size) == 0 && (cause[size] == '\0' || cause[size] == ' ');
}

static const struct words *find(const char *cause)
{
    for (size_t i = 0; cause && i < sizeof table / sizeof table[0]; i++)
        if (fits(table[i].key, cause))
            return &table[i];
    return NULL;
}

const char *cause_text(const char *cause, enum http_language language)
{
    const struct words *words = find(cause);
    if (!words)
        words = cause && *cause ? &unknown : &none;
    return language == LANGUAGE_EN ? words->en : words->vi;
}

bool cause_is_known(const char *cause)
{
    return find(cause) != NULL;
}
