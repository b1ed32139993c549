"""How Vietnamese says that documents do not help."""

# ruff: noqa: E501 - broken patterns are hard to read

from ..language import Language

VIETNAMESE = Language(
    words={
        "GIVEN": r"(?:(?:mà )?(?:bạn |tôi )?(?:được|đã|đã được)? ?(?:cung cấp|cho|đưa ra|nhận|nêu|trích|chia sẻ|truy xuất|tìm thấy|trích dẫn)|này|trên|đó|hiện có|có sẵn|kèm theo|ở trên|nói trên)",
        "SHEET": r"(?:tài liệu|văn bản|đoạn văn(?: bản)?|đoạn trích|trích đoạn|ngữ cảnh|bối cảnh|cơ sở (?:kiến thức|tri thức|dữ liệu))",
        "ALL": r"(?:tất cả các|trong số các|các|những|cả hai|hai|mọi|phần|nội dung(?: của)?(?: các)?|thông tin trong(?: các)?) ",
        "DOCS": r"(?:<ALL>?<SHEET>(?: <NUMBER>)?(?: <GIVEN>){0,3}|<ALL>?(?:nguồn|bài viết|thông tin|bài báo|dữ liệu|nội dung)(?: <GIVEN>){1,3})",
        "STRICT": r"(?:<ALL>?<SHEET>(?: <GIVEN>){1,3})",
        "IN": r"(?:(?:ở )?(?:bất kỳ đâu )?(?:trong|từ|dựa trên|dựa vào|bằng|qua|theo|căn cứ vào|bởi|ở|tại)(?: bất kỳ)? <DOCS>)",
        "ASK": r"(?:(?:về|rõ|cụ thể|đến) )?(?:việc )?(?:ai|khi nào|ở đâu|tại sao|vì sao|như thế nào|thế nào|bao nhiêu|bao giờ|gì|liệu|cái gì|lý do)<TOPIC>",
        "INFO": r"(?:thông tin|câu trả lời|chi tiết|đề cập|dữ liệu|bằng chứng|nội dung|dữ kiện)",
        "ABOUT": r"(?:về|liên quan|nào|cho|để|đến|cần thiết|cụ thể|phù hợp|rõ ràng|đủ|gì|rằng|hữu ích|trả lời|giải thích)",
        "INFOS": r"<INFO>(?: (?:nào )?(?:<ABOUT><TOPIC>|<ASK>|<IN><REST>)| (?:nào|này|đó|gì))?",
        "NOT": r"(?:(?:đều |cũng |hoàn toàn |hề )?(?:không|chưa|chẳng)(?: hề| thể| có| còn)?)",
        "SAY": r"(?:đề cập|nêu(?: rõ| ra)?|nói(?: rõ| đến| tới| về| gì)?|giải thích|nhắc(?: đến| tới| gì)?|trả lời|chỉ rõ|chỉ ra|cho biết|tiết lộ|mô tả|xác định|ghi(?: rõ| lại)?|làm rõ|thảo luận|bàn(?: về| đến| luận)|đưa ra|trình bày|cho thấy|giúp|ám chỉ|liệt kê|đả động)",
        "HOLD": r"(?:chứa|cung cấp|có|bao gồm|đưa ra|bao hàm|chứa đựng)",
        "SAID": r"(?:(?:được |có |được )?(?:đề cập|nêu|nêu rõ|nhắc(?: đến| tới)?|ghi(?: rõ| lại)?|cung cấp|giải thích|mô tả|tìm thấy|xuất hiện|nói(?: rõ| đến| tới)?|chỉ rõ|tiết lộ|thảo luận|xác định|làm rõ|trình bày|liệt kê)(?: (?:đến|tới|rõ|rõ ràng|cụ thể|ra))?)",
        "FIND": r"(?:xác định|trả lời|biết|tìm|nói|kết luận|suy ra|khẳng định|cung cấp|đưa ra|tóm tắt)",
        "KNOW": r"(?:(?:xác định|trả lời|biết|kết luận|suy ra|khẳng định|nói(?: rõ| chắc| được)?|tóm tắt)<REST>|(?:tìm(?: thấy| ra| được)?|cung cấp|đưa ra) <FEW><INFOS>)",
        "TOLD": r"(?:được (?:đề cập|nêu|nêu rõ|nhắc(?: đến| tới)?|ghi rõ|chỉ rõ|xác định|giải thích|nói rõ|tiết lộ))",
        "TASK": r"(?:(?:cho )?câu hỏi(?: (?:này|của bạn|trên|đó|được đặt ra|đã cho|đặt ra))?)",
        "WORD": r"(?:[^\s\d,]+ )",
        # Words with a letter that few other languages have, and some without.
        "SUBJECT": r"(?:(?:ai|tên|ngày|thông tin|chi tiết|câu trả lời|lý do|giá|số|danh tính|khi nào|nguyên nhân|vì sao|tại sao|thời gian|quy mô|điều|vai trò|quê|[a-z]*[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]\w*) <WORD>{0,9}?)",
        "FLAW": r"(?:[^\s\d,]+ ){0,2}?(?:lỗi|sai sót|mâu thuẫn|chữ ký)(?!\w)",
    },
    leads=r"(?:rất tiếc|thật không may|đáng tiếc|tiếc là|tiếc rằng|xin lỗi|tôi xin lỗi|tôi rất tiếc|do đó|vì vậy|vì thế|như vậy|bởi vậy|nên)(?: là| rằng)?,? ",
    named=r"(?:(?:dựa trên|dựa vào|theo|từ|trong|căn cứ vào|qua|với|sau khi (?:xem xét|đọc|kiểm tra)) <DOCS>)",
    lacks=(
        "(?:trong )?<DOCS>,? <NOT> <SAY><REST>",
        "(?:trong )?<DOCS>,? (?:<NOT> )(?:<HOLD> )?<FEW>(?:<INFOS>|(?<=có |chứa |cung cấp )<ASK>)",
        "<STRICT>,? <NOT>(?<! có)(?: (?:chứa|cung cấp|bao gồm))(?! <FLAW>)<REST>",
        r"<DOCS>,? không (?:hề )?(?:có )?liên quan (?:gì )?(?:đến|tới|với) <FEW><TASK>",
        r"<DOCS>,? không đủ (?:thông tin )?để (?:trả lời|xác định)<REST>",
        "không (?:một )?(?:có )?(?:bất kỳ )?(?:<SHEET>|đoạn|nguồn) (?:nào )?(?:<GIVEN> )?(?:trong (?:số )?(?:đó |này )?)?<FEW>(?:<SAY><REST>|<HOLD> <FEW><INFOS>)",
        r"(?:tôi |chúng tôi |ta )?(?:không|chưa) (?:thể )?(?:có|tìm thấy|tìm được|thấy|tìm ra|nhận được) (?:<WORD>{0,2}?<INFO> (?:[^\s\d]+ ){0,12}?<IN><REST>|<IN> <FEW><INFOS>|<WORD>{0,2}?(?:thông tin|chi tiết|dữ liệu)(?: nào| cụ thể| gì)? (?:về|liên quan(?: đến)?|để trả lời|cho câu hỏi|phù hợp|hữu ích)<TOPIC>|đủ (?:thông tin|dữ liệu|ngữ cảnh)<TOPIC>)",
        r"(?:tôi )?(?:không|chưa) (?:có |được cung cấp )?đủ (?:thông tin|dữ liệu|ngữ cảnh)(?: (?:để|về|cho)<TOPIC>)?",
        r"(?:tôi |chúng tôi |ta )?không thể (?:trả lời (?:<WORD>{0,2}?<TASK>|<IN>)<REST>|<FIND> (?:[^\s\d]+ ){0,10}?<IN><REST>)",
        r"<IN>,? (?:tôi |chúng tôi |ta )?không thể <KNOW>",
        r"<TASK> (?:không thể|chưa thể) (?:được )?trả lời<REST>",
        "<SUBJECT>(?:không|chưa) (?:hề )?<SAID> (?:rõ ràng |cụ thể )?<IN>",
        "(?:câu trả lời|thông tin|<SUBJECT>)<FEW>(?:không|chưa) (?:có|nằm) (?:sẵn )?<IN>",
        "(?:không|chưa) (?:được )?<SAID> <IN><REST>",
        "(?:tôi )?không biết câu trả lời<REST>|không có câu trả lời <IN><REST>",
        "không (?:có|tìm thấy) (?:thông tin|dữ liệu|tài liệu|nội dung)(?: nào)? (?:liên quan|phù hợp)<REST>",
    ),
    then=(
        "(?:chúng |nó |và )?<NOT> (?:<SAY><REST>|<HOLD> <FEW><INFOS>)",
        "(?:tôi |chúng tôi |ta )?(?:không|chưa) (?:có|tìm thấy|tìm được|thấy|đủ) (?:<FEW><INFOS>|<ASK>)",
        "(?:tôi |chúng tôi |ta |chúng ta )?không thể <KNOW>",
        "(?:vẫn )?(?:không|chưa) (?:rõ|rõ ràng|biết|biết được|có cách nào)(?: ràng)?<REST>",
        "<SUBJECT>(?:không|chưa) (?:hề )?<TOLD>",
        "(?:không|chưa) (?:có |được )?<TOLD><REST>",
    ),
    fillers=(
        r"(?:tôi )?(?:rất )?(?:xin lỗi|tiếc)(?: bạn| vì sự bất tiện này)?|(?:câu )?trả lời|tóm tắt|ghi chú|đáp án",
        r"(?:vui lòng|xin vui lòng|hãy|nếu bạn|bạn có thể|xin hãy)<REST>",
        r"(?:chúng |<DOCS> )(?:chỉ|chủ yếu) (?:nói|đề cập|thảo luận|tập trung|bàn|mô tả|viết)(?: (?:về|đến|vào))? (?:(?!(?:cách|ai|rằng|việc)(?!\w))[^\s\d,]+(?: |$|(?= ))){1,12}",
    ),
    joints=r",? (?:nhưng|tuy nhiên|mặc dù|dù|ngoại trừ|trừ|trong khi|bởi vì|vì(?! sao| vậy| thế)|do(?! đó)|mà chỉ|song|ngoài)(?!\w),?|, (?:nơi|mà|vốn|người|và)(?!\w)| và (?=(?:không|chưa|chúng|cũng|do đó|vì vậy) )",
)
